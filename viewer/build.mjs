// Builds dist/: one page, its script and style, fonts, icons, and the licence of every package in them. `make viewer` runs it.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { licences } from './licences.mjs';

const ROOT = dirname(fileURLToPath(import.meta.url));
const DIST = join(ROOT, 'dist');
const FONTS = ['Inter-Regular.woff2', 'Inter-Medium.woff2'];
const folderOf = (name) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** What no wall needs: the code editor (half of everything), and the time zones' rules before this decade. */
const LEAN = {
  'monaco-editor': join(ROOT, 'nothing.mjs'),
  '@monaco-editor/react': join(ROOT, 'nothing.mjs'),
  'moment-timezone': 'moment-timezone/builds/moment-timezone-with-data-10-year-range.min.js',
};

await rm(DIST, { recursive: true, force: true });
const { metafile } = await esbuild({
  absWorkingDir: ROOT, entryPoints: { app: 'source/page.jsx' }, outdir: 'dist', bundle: true, minify: true, metafile: true, target: 'es2022',
  jsx: 'automatic', define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, loader: { '.ttf': 'empty' },
  alias: LEAN, legalComments: 'none', charset: 'utf8', logLevel: 'error',
});
await mkdir(join(DIST, 'public/fonts/inter'), { recursive: true });
await cp(join(folderOf('@grafana/ui'), 'dist/public'), join(DIST, 'public/build'), { recursive: true });
await Promise.all(FONTS.map((font) => cp(join(folderOf('inter-ui'), 'web', font), join(DIST, 'public/fonts/inter', font))));
await cp(join(ROOT, 'source/index.html'), join(DIST, 'index.html'));
const folders = ['node_modules/inter-ui', ...packagesIn(metafile)];
const { text, counts } = await licences(folders.map((folder) => join(ROOT, folder)));
await writeFile(join(DIST, 'LICENSES.txt'), text);
const files = (await readdir(DIST, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await readFile(join(parentPath, name))).length));
console.log(`built dist: ${files.length} files, ${Math.round(sizes.reduce((a, b) => a + b) / 1024)} KiB, ${folders.length} packages: ${counts}`);

/** Folders of the packages of which at least one byte reached the script or style. */
function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs)).filter(([, { bytesInOutput }]) => bytesInOutput);
  const folders = inputs.map(([path]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean);
  return [...new Set(folders)].sort();
}
