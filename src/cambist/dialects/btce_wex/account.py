"""`getInfo`: what the key may do and what its account can spend."""

from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.render import succeeded

RIGHTS = ("info", "trade", "withdraw")


class Account(MethodGroup):
    async def get_info(self, caller: Caller) -> bytes:
        """Funds without what open orders hold, the key's rights, the number of open orders; served fresh, never from a cache."""
        rights = ",".join(f'"{right}":{int(caller.key.permits(right))}' for right in RIGHTS)
        return succeeded(
            f'{{"funds":{self.funds(caller)},"rights":{{{rights}}},"transaction_count":0,'
            f'"open_orders":{self.view.open_order_count(caller.account)},"server_time":{self.context.server_time()}}}'
        )
