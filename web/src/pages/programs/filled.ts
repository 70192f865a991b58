// Puts an address and credentials into a program of the server's.

/** What stands where a credential is not known: `<secret>` becomes YOUR-SECRET. */
const PLACE = /<([a-z_]+)>/g;

export function filled(text: string, url: string, credentials: Record<string, string>): string {
  return text.replace(PLACE, (_place, name: string) => (name === "url" ? url : (credentials[name] ?? `YOUR-${name.toUpperCase().replaceAll("_", "-")}`)));
}
