// The venue's APIs by the names that people know them by.

const TITLES: Record<string, string> = { native: "Cambist", btce: "BTC-e", wex: "WEX", btse: "BTSE", expie: "Expie", mtgox: "Mt.Gox" };

export const titleOfApi = (api: string): string => TITLES[api] ?? api;

/** What replies are counted under: the APIs, of which two share one, and the rest of the server. */
const COUNTED: Record<string, string> = { btce_wex: "BTC-e and WEX", gateway: "Server", sandbox: "Sandbox control", web: "Page for people" };

export const titleOfCounted = (name: string): string => COUNTED[name] ?? titleOfApi(name);
