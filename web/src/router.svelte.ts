// Where one is: the address's path. Links to pages change it without loading anything anew.

import paths from "./paths.json";

/** A part of a path; as it stands where its percent signs mean nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What a path of the page can look like, as src/cambist/web/routes.py has it: what a stranger's link says beyond that is on no page. */
const OWN = /^\/(?:[a-z-]+(?:\/(?:[A-Za-z0-9_.:@-]|%40){1,64}){0,3}\/?)?$/;
const isEntrance = (path: string): boolean => /^\/(login|sign-up)(\/|$)/.test(path);

class Router {
  path = $state(location.pathname);
  /** Where one was before one went to log in or to sign up. */
  private cameFrom = "/trade";

  constructor() {
    window.addEventListener("popstate", () => (this.path = location.pathname));
    document.addEventListener("click", (event) => this.clicked(event));
  }

  /** The path's first part, such as `trade`; empty at `/`, null where no page of ours can be. */
  get page(): string | null {
    return OWN.test(this.path) ? (this.path.split("/")[1] ?? "") : null;
  }

  /** What follows it. */
  get rest(): string[] {
    return this.path.split("/").slice(2).filter(Boolean).map(decoded);
  }

  go(path: string, options: { replace?: boolean } = {}): void {
    if (path === location.pathname) return;
    if (isEntrance(path) && !isEntrance(this.path)) this.cameFrom = this.path;
    if (options.replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.path = location.pathname;
  }

  /** From logging in back to where one was; who was asked for a login at a page itself is there. */
  leaveEntrance(): void {
    if (isEntrance(this.path)) this.go(this.cameFrom);
  }

  /** A plain click on a link to one of the page's own paths. */
  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute("download")) return;
    const first = link.pathname.split("/")[1] ?? "";
    if (first !== "" && !paths.includes(first)) return;
    event.preventDefault();
    this.go(link.pathname);
  }
}

export const router = new Router();
