// Who is logged in. Other tabs of the same browser hear of every change.

import { ApiProblem, sayCsrfToken, send, whenUnauthenticated } from "../api/client";
import type { Call } from "../api/call";
import { demoLogIn, logIn, logInWithPasskey, logOut, showSession, signUp, type LogIn, type Profile, type Session, type SignUp, type UsePasskey } from "../api/generated";
import { connection } from "./connection.svelte";

export type Presence = "unknown" | "in" | "out";

class SessionStore {
  current = $state<Session | null>(null);
  presence = $state<Presence>("unknown");
  /** Whether a session ended by itself, so that a page can say why it asks for a login. */
  hasEnded = $state(false);
  private tabs = new BroadcastChannel("cambist-session");

  constructor() {
    whenUnauthenticated(() => this.presence === "in" && this.ended());
    this.tabs.onmessage = () => void this.load();
  }

  get profile(): Profile | null {
    return this.current?.profile ?? null;
  }

  /** Whether this user has a role, and so sees what operators see. */
  get hasRole(): boolean {
    return this.profile?.role != null;
  }

  /** Who the browser's cookie is of. */
  async load(): Promise<void> {
    try {
      this.take(await send(showSession()));
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.status !== 401) throw error;
      this.forget();
    }
  }

  logIn = (said: LogIn): Promise<void> => this.enter(logIn(said));
  signUp = (said: SignUp): Promise<void> => this.enter(signUp(said));
  logInWithPasskey = (said: UsePasskey): Promise<void> => this.enter(logInWithPasskey(said));
  demo = (name: string): Promise<void> => this.enter(demoLogIn({ name }));

  async logOut(): Promise<void> {
    await send(logOut());
    this.forget();
    this.tabs.postMessage("changed");
  }

  /** A session in the place of the present one, as after a new password. */
  replace(session: Session): void {
    this.take(session);
    this.tabs.postMessage("changed");
  }

  /** The profile as it is after a change. */
  update(profile: Profile): void {
    if (this.current !== null) this.current = { ...this.current, profile };
  }

  private async enter(call: Call<Session>): Promise<void> {
    this.replace(await send(call));
  }

  private take(session: Session): void {
    const other = this.current?.id !== session.id;
    sayCsrfToken(session.csrf_token);
    this.current = session;
    this.presence = "in";
    this.hasEnded = false;
    if (other) connection.stream.reconnect();
  }

  private forget(): void {
    const was = this.presence === "in";
    sayCsrfToken("");
    this.current = null;
    this.presence = "out";
    if (was) connection.stream.reconnect();
  }

  private ended(): void {
    this.forget();
    this.hasEnded = true;
  }
}

export const session = new SessionStore();
