// Builds the pages' scripts, styles, fonts and icons into agent_ui/static, or (--test) runs the tests.
//
// Every file carries a hash of its content in its name, and `manifest.json` says which name is which:
// browsers keep them for ever, and a new build is seen at once.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOM = join(HERE, "..");
const ICONS = join(HERE, "node_modules/@tabler/icons/icons/outline");
const STATIC = join(ROOM, "static");
// What pages ask for by name. `theme` is no module: it runs before the first paint.
const ENTRIES = ["src/app.ts", "src/desk.ts", "src/board.ts", "src/lists.ts", "src/phone.ts", "src/player.ts", "src/calls.ts", "styles/app.css"];
const EARLY = ["src/theme.ts"];
// The names that templates, views and scripts give to icons: icon("phone"), icon="phone", mark="phone".
const ICON = /\b(?:icon\s*[(=]|mark\s*=)\s*["']([a-z0-9-]+)["']/g;
// A quoted word of a template is an icon's name too when there is such an icon: macros take them in turn.
const WORD = /["']([a-z0-9]+(?:-[a-z0-9]+)*)["']/g;
const OWN = new Set(["frontend", "static", "__pycache__"]);
// What scripts and attributes bring about, never written as a class in a template.
const ALWAYS = { standard: [/^icon/], greedy: [/data-bs-theme/], variables: [/^--tblr-(font|body|bg|border|primary)/] };

async function* files(folder, endings) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!OWN.has(entry.name)) yield* files(path, endings);
    } else if (endings.some((ending) => entry.name.endsWith(ending))) {
      yield path;
    }
  }
}

async function collect(folder, endings) {
  const found = [];
  for await (const path of files(folder, endings)) found.push(path);
  return found.sort();
}

/** Names of all icons that a page can show. Throws for a name that Tabler does not have. */
async function iconNames(sources) {
  const known = new Set((await readdir(ICONS)).map((name) => name.replace(/\.svg$/, "")));
  const names = new Set();
  for (const path of sources) {
    const text = await readFile(path, "utf8");
    for (const [, name] of text.matchAll(ICON)) {
      if (!known.has(name)) throw new Error(`${basename(path)}: "${name}" is not one of Tabler's outline icons`);
      names.add(name);
    }
    if (!path.endsWith(".html")) continue;
    for (const [, name] of text.matchAll(WORD)) if (known.has(name)) names.add(name);
  }
  return [...names].sort();
}

/** One SVG with a symbol for each of *names*. */
async function sprite(names) {
  const symbols = names.map(async (name) => {
    const svg = await readFile(join(ICONS, `${name}.svg`), "utf8");
    const inside = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"));
    const shapes = inside.replace(/<path stroke="none"[^>]*\/>/, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${(await Promise.all(symbols)).join("")}</svg>\n`;
}

/** Tabler's stylesheet with only what the templates and scripts name. */
function onlyUsed(sources) {
  return {
    name: "only-used",
    setup(build) {
      build.onLoad({ filter: /tabler(\.min)?\.css$/ }, async ({ path }) => {
        const [{ css }] = await new PurgeCSS().purge({
          content: sources,
          css: [{ raw: await readFile(path, "utf8") }],
          safelist: ALWAYS,
          variables: true,
          keyframes: true,
        });
        return { contents: css, loader: "css" };
      });
    },
  };
}

async function build() {
  const sources = [
    ...(await collect(ROOM, [".html", ".py"])),
    ...(await collect(join(HERE, "src"), [".ts"])),
  ];
  const icons = await iconNames(sources);
  const common = {
    absWorkingDir: HERE,
    entryNames: "[name].[hash]",
    chunkNames: "[name].[hash]",
    assetNames: "[name].[hash]",
    outdir: STATIC,
    bundle: true,
    minify: true,
    target: ["es2022", "chrome115", "firefox115", "safari16.4"],
    loader: { ".woff2": "file" },
    legalComments: "eof",
    logLevel: "warning",
    metafile: true,
    write: false,
    plugins: [onlyUsed(sources.filter((path) => !path.endsWith(".py")))],
  };
  const entryPoints = ENTRIES.filter((path) => existsSync(join(HERE, path)));
  const results = await Promise.all([
    esbuild.build({ ...common, entryPoints, format: "esm", splitting: true }),
    esbuild.build({ ...common, entryPoints: EARLY, format: "iife" }),
  ]);
  const out = new Map();
  const manifest = { files: {}, icons };
  for (const { outputFiles, metafile } of results) {
    for (const file of outputFiles) out.set(basename(file.path), Buffer.from(file.contents));
    for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
      if (entryPoint) manifest.files[basename(entryPoint).replace(/\.ts$/, ".js")] = basename(path);
    }
  }
  const symbols = Buffer.from(await sprite(icons));
  const hash = createHash("sha256").update(symbols).digest("hex").slice(0, 8).toUpperCase();
  manifest.files["icons.svg"] = `icons.${hash}.svg`;
  out.set(`icons.${hash}.svg`, symbols);
  manifest.all = [...out.keys()].sort();
  manifest.sources = process.env.CALLCARD_SOURCES ?? "";
  await put(out, manifest);
}

/** Write the files, then the manifest that names them, then take away what it no longer names. */
async function put(out, manifest) {
  await mkdir(STATIC, { recursive: true });
  const keep = new Set(["manifest.json"]);
  for (const [name, bytes] of out) {
    keep.add(name);
    await write(name, bytes);
    if (/\.(js|css|svg)$/.test(name)) {
      keep.add(`${name}.gz`);
      await write(`${name}.gz`, gzipSync(bytes, { level: 9 }));
    }
  }
  await write("manifest.json", JSON.stringify(manifest, null, 1) + "\n");
  for (const name of await readdir(STATIC)) {
    if (!keep.has(name)) await rm(join(STATIC, name), { recursive: true });
  }
}

async function write(name, bytes) {
  const part = join(STATIC, `.${name}.part`);
  await writeFile(part, bytes);
  await rename(part, join(STATIC, name));
}

/** Bundle the tests as Node can run them, and run them. */
async function test() {
  const folder = await mkdtemp(join(tmpdir(), "callcard-frontend-"));
  try {
    const entryPoints = await collect(join(HERE, "tests"), [".test.ts"]);
    await esbuild.build({
      entryPoints,
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "warning",
      sourcemap: "inline",
    });
    const built = (await readdir(folder)).map((name) => join(folder, name));
    const options = ["--enable-source-maps", "--test", "--test-reporter=dot"];
    return spawnSync(process.execPath, [...options, ...built], { stdio: "inherit", timeout: 60_000 }).status ?? 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

try {
  if (process.argv.includes("--test")) process.exitCode = await test();
  else await build();
} catch (error) {
  // esbuild has already said what it found.
  if (!error.errors) console.error(`front-end: ${error.message}`);
  process.exitCode = 1;
}
