// What goes over the wire, made readable for people: JSON on lines of its own, forms a field a line. Nothing is parsed, so that every
// number and every text stays letter by letter what it was.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON with an indented line for each member; what is empty stays on one line. A text that is no JSON comes back as it is. */
export function indented(text: string): string {
  if (!/^[\s]*[{[]/.test(text)) return text;
  const tokens = text.match(TOKEN) ?? [];
  let depth = 0;
  let written = "";
  const line = (): string => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, index) => {
    if (token === "{" || token === "[") {
      depth += 1;
      written += token;
      if (tokens[index + 1] !== closing(token)) written += line();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      if (closing(tokens[index - 1]) !== token) written += line();
      written += token;
    } else if (token === ",") written += `,${line()}`;
    else if (token === ":") written += ": ";
    else written += token;
  });
  return written;
}

function closing(token: string | undefined): string | undefined {
  return token === "{" ? "}" : token === "[" ? "]" : undefined;
}

/** A body for people: JSON indented, a form with a field a line. */
export function readable(body: string): string {
  return /^[\w.-]+=/.test(body) ? body.replaceAll("&", "\n&") : indented(body);
}

export interface WireRequest {
  method: string;
  path: string;
  headers: readonly { name: string; value: string }[];
  body: string;
}

/** A request as HTTP writes it; the body is written by `write`. */
export function httpText(request: WireRequest, write: (body: string) => string = (body) => body): string {
  const head = [`${request.method} ${request.path}`, ...request.headers.map((header) => `${header.name}: ${header.value}`)];
  return `${head.join("\n")}\n\n${write(request.body)}`;
}
