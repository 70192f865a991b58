// What an endpoint's function gives: a request that has not been sent. `T` is what its reply reads as.

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call<T> {
  method: Method;
  /** Below /cambist/v1, with its query. */
  path: string;
  body?: unknown;
  /** Never there: it only carries the type. */
  reply?: T;
}

type Query = object;

export function call<T>(method: Method, path: string, said: { body?: unknown; query?: Query | undefined } = {}): Call<T> {
  const pairs = Object.entries(said.query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return { method, path: query ? `${path}?${query}` : path, ...(said.body === undefined ? {} : { body: said.body }) };
}
