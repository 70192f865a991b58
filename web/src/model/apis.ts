// The venue's APIs by the names that people know them by.

const TITLES: Record<string, string> = { native: "Cambist", btce: "BTC-e", wex: "WEX", btse: "BTSE", expie: "Expie", mtgox: "Mt.Gox" };

export const titleOfApi = (api: string): string => TITLES[api] ?? api;
