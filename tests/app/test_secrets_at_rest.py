"""A venue in which every kind of secret was made: none of them lies in a file or in the log."""

import base64
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyotp
import pytest

from cambist.api_types.accounts import ChangePassword, ConfirmCode, LogIn, ProveIdentity, SignUp
from cambist.api_types.funds import CreateCoupon, CreateMerchantOrder
from cambist.api_types.keys import CreateKey
from cambist.client import ApiProblem, Client, calls
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import OPERATORS
from tests.support.authenticator import Authenticator
from tests.support.processes import Running, cambist, serving

CONFIGURATION = '[log]\nlevel = "debug"\n'
MASTER_KEY = "master.key"
SECRET_NAMES = {
    *("secret", "password", "new_password", "code", "codes", "credentials", "csrf_token", "notice_secret", "uri"),
    *("id", "challenge"),  # of the options that a passkey is made from
}
"""Names of fields whose values are secret. One-time codes are left out: six digits stand in many a file by chance."""
PUBLIC_NAMES = {"secret_until", "recovery_codes", "allow_credentials", "exclude_credentials"}
"""Names that have such a word in them: a time, a count, ids of passkeys."""

Secrets = dict[str, set[str]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Running, Secrets]]:
    """A venue with a person who did everything that gives a secret, through the network and by command."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "own.toml").write_text(CONFIGURATION)
    password = folder / "password"
    password.write_text("operators horse battery\n")
    data = folder / "venue"
    first = ("--operator", "olga", "--operator-password-file", password)
    with serving(folder, "serve", "--data", data, "--config", folder / "own.toml", *first) as running:
        secrets: Secrets = {"password": {"operators horse battery"}}
        by_command(data, secrets)
        with Client(running.url.replace("127.0.0.1", "localhost")) as client:
            over_the_network(client, data, secrets)
        yield folder, running, secrets


def by_command(data: Path, secrets: Secrets) -> None:
    def asked(*words: str) -> Any:
        done = cambist(*words, "--data", data, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    secrets["password"] |= {asked("user", "add", "bob")["password"], asked("user", "password", "bob")["password"]}
    secrets["secret"] = {asked("second-factor", "enrol", "bob")["secret"]}
    made = asked("key", "create", "bob", "--dialect", "btce")
    secrets["credentials"] = {made["secret"]}
    secrets["credentials"].add(asked("key", "renew", made["key"])["secret"])
    asked("operator", "reset", "olga", "--made-up")


def over_the_network(client: Client, data: Path, secrets: Secrets) -> None:
    said = SignUp(name="maria", password="a horse of marias")
    session = client.send(calls.sign_up(said))
    secrets["password"].add(said.password)
    secrets["csrf_token"] = {session.csrf_token}
    secrets["cookies"] = set(client._http.cookies.values())
    assert cambist("fund", "maria", "BTC=10", "--data", data).returncode == 0
    for kind in client.send(calls.list_key_kinds()):
        made = client.send(calls.create_key(CreateKey(api=kind.api)))
        secrets["credentials"] |= set(made.credentials.values()) - {made.key.key}
    secrets["code"] = {client.send(calls.create_coupon(CreateCoupon(asset="BTC", amount="1"))).code}
    wanted = CreateMerchantOrder(
        asset="BTC",
        amount="1",
        description="A hat",
        success_url="https://s.example/",
        failure_url="https://f.example/",
        notify_url="https://shop.example.com/notices",
    )
    order = client.send(calls.create_merchant_order(wanted))
    secrets["notice_secret"] = {client.send(calls.show_notice_secret(order.id)).notice_secret or ""}
    with_passkey(client, secrets)
    enrolment = client.send(calls.enrol_totp())
    secrets["secret"].add(enrolment.secret)
    secrets["uri"] = {enrolment.uri}
    codes = client.send(calls.confirm_totp(ConfirmCode(code=pyotp.TOTP(enrolment.secret).now()))).codes
    secrets["codes"] = set(codes)
    changed = ChangePassword(password=said.password, new_password="another horse of marias", code=codes[0])
    secrets["csrf_token"].add(client.send(calls.change_password(changed)).csrf_token)
    secrets["new_password"] = {changed.new_password}
    secrets["cookies"] |= set(client._http.cookies.values())
    secrets["password"].add("a wrong horse")
    for call in (
        calls.prove_identity(ProveIdentity(password="a wrong horse")),
        calls.log_in(LogIn(name="maria", password="a wrong horse")),
    ):
        with pytest.raises(ApiProblem, match="login-wrong"):
            client.send(call)


def with_passkey(client: Client, secrets: Secrets) -> None:
    def asked(path: str, body: Any = None) -> Any:
        """Through the client's own connection, in the browser's words."""
        said = client._http.request(
            "POST",
            f"{client.url}/cambist/v1{path}",
            content=json.dumps(body) if body is not None else b"",
            headers={"cambist-csrf": client.csrf_token, "content-type": "application/json", "origin": client.url},
        )
        assert said.is_success, said.text
        return said.json()

    options = asked("/account/passkeys/options")
    phone = Authenticator(client.url)
    asked("/account/passkeys", {"name": "My phone", "credential": phone.create(options)})
    secrets["id"], secrets["challenge"] = {options["user"]["id"]}, {options["challenge"]}


def forms(text: str) -> Iterator[bytes]:
    """How it might be written: as it is, without what only people need, decoded, or in other digits."""
    plain = text.replace("-", "").encode()
    yield text.encode()
    yield plain
    for octets in (text.encode(), plain):
        yield octets.hex().encode()
        yield base64.b64encode(octets).rstrip(b"=")
    for decode in (base64.b32decode, base64.urlsafe_b64decode, bytes.fromhex):
        try:
            decoded = decode(plain.decode().upper() if decode is base64.b32decode else plain.decode() + "=" * (-len(plain) % 4))
        except ValueError:
            continue
        if len(decoded) >= 8:
            yield decoded


def fields_of(kind: Any) -> Iterator[str]:
    """Names of fields, however deep."""
    for each in typing.get_args(kind):
        yield from fields_of(each)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for name, hint in typing.get_type_hints(kind).items():
            yield name
            yield from fields_of(hint)


def test_every_field_that_is_secret_by_name_is_in_the_table() -> None:
    words = ("secret", "password", "code", "token", "credentials", "passphrase")
    kinds = [kind for each in ENDPOINTS if each.scope not in OPERATORS for kind in (each.signature().body, each.signature().reply)]
    named = {name for kind in kinds for name in fields_of(kind) if any(word in name for word in words)}
    assert named - PUBLIC_NAMES <= SECRET_NAMES


def test_no_secret_lies_in_a_file_or_in_the_log(scene: tuple[Path, Running, Secrets]) -> None:
    folder, running, secrets = scene
    assert set(secrets) - {"cookies"} == SECRET_NAMES
    assert [(name, text) for name, texts in secrets.items() for text in texts if len(text) < 13] == []
    running.terminate()
    files = {
        path: path.read_bytes().rstrip(b"\0") for path in folder.rglob("*") if path.is_file() and path.name not in (MASTER_KEY, "password")
    }
    assert any(path.name == "directory.sqlite" and b"maria" in content for path, content in files.items()), "what is no secret is found"
    assert b"\n" in files[running.log]
    found = [
        f"{name} in {path.name}"
        for name, texts in secrets.items()
        for text in texts
        for form in forms(text)
        for path, content in files.items()
        if form in content
    ]
    assert found == []
