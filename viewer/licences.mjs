// The licences of the packages in the bundle: only permissive ones pass, and their texts go beside the bundle.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'OFL-1.1', 'Unlicense', 'Zlib'];
const APACHE = /Apache License\s+Version 2\.0/;
const OTHERS = /GNU (AFFERO|LESSER|GENERAL)|Mozilla Public/i;

/** What is written into LICENSES.txt, and how many packages there are of each licence. */
export async function licences(folders) {
  const found = await Promise.all(folders.map(licence));
  const refused = found.filter(({ chosen }) => !chosen).map(({ name, license }) => `${name}: ${license}`);
  if (refused.length) throw new Error(`not permissive, or not understood: ${refused.join('; ')}`);
  const names = [...new Set(found.map(({ chosen }) => chosen))].sort();
  const counts = names.map((name) => `${found.filter(({ chosen }) => chosen === name).length} ${name}`).join(', ');
  const head = `The programs and fonts in this folder, and their licences: ${counts}.`;
  return { counts, text: `${[head, ...found.map(({ text }) => text)].join(`\n\n${'='.repeat(80)}\n\n`)}\n` };
}

async function licence(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const written = texts.join('\n').trim();
  const chosen = choice(license, written);
  return { name, license, chosen, text: `${name} ${version}: ${chosen}\n\n${written || '(the package carries no text of its licence)'}` };
}

/** The licence we take: the first permissive one that is offered; one whose own text says otherwise is none. */
function choice(license, written) {
  const offered = typeof license === 'string' ? license.replace(/[()]/g, '').split(' OR ') : [];
  const chosen = offered.find((name) => PERMISSIVE.includes(name));
  const contradicts = OTHERS.test(written) && !offered.some((name) => !PERMISSIVE.includes(name));
  return contradicts || (offered.length === 1 && chosen === 'Apache-2.0' && written && !APACHE.test(written)) ? undefined : chosen;
}
