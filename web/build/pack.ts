// Compresses what Vite built, writes down what the server must know of each file, and puts it where the server reads it.
// Refuses a page whose first load is above the budget.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const TARGET = join(ROOT, "..", "src", "cambist", "web", "built");
const MOST_SCRIPT = 200 * 1024;

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

interface Chunk {
  file: string;
  isEntry?: boolean;
  isDynamicEntry?: boolean;
  imports?: string[];
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** The scripts that must be there before a chunk runs, itself among them. */
function closure(name: string, chunks: Record<string, Chunk>, found = new Set<string>()): Set<string> {
  const chunk = chunks[name];
  if (chunk === undefined || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const imported of chunk.imports ?? []) closure(imported, chunks, found);
  return found;
}

/** What the heaviest first page loads: the entry, and one page's own chunk with all that it imports. */
function heaviestFirstLoad(chunks: Record<string, Chunk>, sizes: Map<string, number>): [string, number] {
  const entries = Object.keys(chunks).filter((name) => chunks[name]?.isEntry);
  const pages = Object.keys(chunks).filter((name) => chunks[name]?.isDynamicEntry);
  let heaviest: [string, number] = ["", 0];
  for (const page of pages.length > 0 ? pages : entries) {
    const files = new Set<string>();
    for (const name of [...entries, page]) closure(name, chunks, files);
    const size = [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
    if (size > heaviest[1]) heaviest = [page, size];
  }
  return heaviest;
}

function main(): void {
  const chunks = JSON.parse(readFileSync(join(DIST, ".vite", "manifest.json"), "utf-8")) as Record<string, Chunk>;
  const paths = JSON.parse(readFileSync(join(ROOT, "src", "paths.json"), "utf-8")) as string[];
  rmSync(join(DIST, ".vite"), { recursive: true });
  const files: Record<string, { type: string; etag: string; encodings: string[] }> = {};
  const scripts = new Map<string, number>();
  for (const name of filesOf(DIST)) {
    const type = TYPES[extname(name)];
    if (type === undefined) throw new Error(`${name}: say in build/pack.ts what type it has`);
    const plain = readFileSync(join(DIST, name));
    const encoded: [string, string, Buffer][] = [
      ["br", ".br", brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
      ["gzip", ".gz", gzipSync(plain, { level: 9 })],
    ];
    const encodings: string[] = [];
    for (const [coding, ending, bytes] of encoded) {
      if (bytes.length >= plain.length) continue;
      writeFileSync(join(DIST, name + ending), bytes);
      encodings.push(coding);
    }
    if (extname(name) === ".js") scripts.set(name, encoded[1]?.[2].length ?? plain.length);
    files[name] = { type, etag: createHash("sha256").update(plain).digest("hex").slice(0, 20), encodings };
  }
  const [page, size] = heaviestFirstLoad(chunks, scripts);
  if (size > MOST_SCRIPT) throw new Error(`the first load of ${page} has ${size} bytes of compressed script, more than ${MOST_SCRIPT}`);
  writeFileSync(join(DIST, "manifest.json"), JSON.stringify({ paths, files }));
  publish();
  console.log(`Built the web page: ${Math.ceil(size / 1024)} KB of compressed script at the heaviest first load (${page}).`);
}

/** A server that starts meanwhile finds the old page or the new one. */
function publish(): void {
  const fresh = `${TARGET}.new`;
  const old = `${TARGET}.old`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
  mkdirSync(join(TARGET, ".."), { recursive: true });
  cpSync(DIST, fresh, { recursive: true });
  try {
    renameSync(TARGET, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  renameSync(fresh, TARGET);
  rmSync(old, { recursive: true, force: true });
}

main();
