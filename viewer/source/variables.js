// Template variables: resolve their values, then interpolate them into queries and texts.
import { words } from './words.js';

const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::(\w+))?\}/g;
const FORMATS = {
  promql,
  text: ({ texts }) => texts.join(' + '),
  pipe: ({ values }) => values.join('|'),
  regex: ({ values }) => alternatives(values.map(escapeRegex)),
  raw: ({ values }) => values.join(','),
};

/** Resolves the variables in order, since later ones may use earlier ones. */
export async function resolveVariables(list, chosen, prometheus, range) {
  const scope = {};
  const notes = [];
  for (const variable of list) {
    const failed = (error) => [void notes.push(`${words.variable(variable.name)}: ${error.message}`)].slice(1);
    const options = await optionsOf(variable, prometheus, range, scope).catch(failed);
    if (options) scope[variable.name] = { ...choose(variable, options.length ? options : [option('')], chosen[variable.name]), options };
    if (!options?.length) notes.push(`variable ${variable.name} (${variable.type}): ${options ? 'no values' : 'not supported'}`);
  }
  const unknown = Object.keys(chosen).find((name) => !scope[name]);
  if (unknown) throw new Error(`variable ${unknown}: the dashboard has none of that name`);
  return { scope, notes };
}

/** Replaces $name, ${name}, ${name:format} and [[name]]; unknown names stay as they are. */
export function interpolate(text, scope, format = 'promql') {
  return text.replace(REFERENCE, (all, a, b, formatB, c, formatC) => {
    const variable = scope[a ?? b ?? c];
    return variable ? (FORMATS[formatB ?? formatC ?? format] ?? FORMATS.raw)(variable) : all;
  });
}

/** A value put into texts as it is, such as $__interval. */
export const constant = (value) => ({ values: [value], texts: [value], literal: true });

async function optionsOf({ name, type, query = '', regex }, prometheus, range, scope) {
  const text = query.query ?? (typeof query === 'string' ? query : '');
  if (type === 'query') return matching(regex, await queryOptions(name, interpolate(text, scope), prometheus, range));
  if (type === 'custom' || type === 'interval') return text.split(/(?<!\\),/).map(customOption);
  if (type === 'constant' || type === 'textbox' || type === 'datasource') return [option(text)];
}

async function queryOptions(name, query, prometheus, { from, to }) {
  const [, selector, label] = /^\s*label_values\((?:(.+),)?\s*(\w+)\s*\)\s*$/s.exec(query) ?? [];
  if (label) return (await prometheus.labelValues(label, selector?.trim(), from, to)).map((value) => option(value));
  const [, expression] = /^\s*query_result\((.+)\)\s*$/s.exec(query) ?? [];
  if (expression) return (await prometheus.instant(expression, to)).result.map((sample) => option(sampleText(sample)));
  throw new Error(`variable ${name}: only label_values() and query_result() are supported, not "${query}"`);
}

/** A sample as query_result() hands it to the variable's regular expression. */
function sampleText({ metric: { __name__ = '', ...labels }, value: [time, value] }) {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
  return `${__name__}{${pairs.join(',')}} ${value} ${time * 1000}`;
}

function customOption(part) {
  const [, text, value] = /^\s*(.+)\s:\s(.+)$/.exec(part) ?? [];
  return value ? option(value.trim(), text.trim()) : option(part.replace('\\,', ',').trim());
}

function matching(regex, options) {
  if (!regex) return options;
  const [, body = regex, flags = ''] = /^\/(.*)\/(\w*)$/s.exec(regex) ?? [];
  const pattern = new RegExp(body, flags.replace('g', ''));
  const found = options.map(({ value }) => pattern.exec(value)).filter(Boolean);
  const kept = found.map(({ 0: all, 1: first, groups }) => option(groups?.value ?? groups?.text ?? first ?? all, groups?.text));
  return [...new Map(kept.map((item) => [item.value, item])).values()];
}

/** The value asked for, known or not, wins over the saved one, which wins over "All", which wins over the first option. */
function choose(variable, options, wanted) {
  const saved = [variable.current?.value ?? []].flat();
  const values = wanted ?? (saved.length || !variable.includeAll ? saved : ['$__all']);
  if (values.includes('$__all')) return { ...variable, ...picked(options), texts: [words.all], all: true };
  if (wanted) return { ...variable, ...picked(wanted.map((value) => options.find((known) => known.value === value) ?? option(value))) };
  const known = options.filter(({ value }) => values.includes(value));
  return { ...variable, ...picked(known.length ? known : options.slice(0, 1)) };
}

const option = (value, text = value) => ({ value, text });
const picked = (options) => ({ values: options.map((o) => o.value), texts: options.map((o) => o.text) });
const escapeRegex = (value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const alternatives = (values) => (values.length === 1 ? values[0] : `(${values.join('|')})`);

function promql({ values, literal, all, allValue, multi, includeAll }) {
  if (literal) return values[0];
  if (all && allValue) return allValue;
  if (!multi && !includeAll) return values[0].replace(/[\\"]/g, '\\$&');
  return alternatives(values.map((value) => escapeRegex(value).replaceAll('\\', '\\\\')));
}
