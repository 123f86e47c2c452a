// What the address of the page asks for: /w/<uid>?lang=vi&provenance=replay&kiosk, or the list at "/".
const query = new URLSearchParams(location.search);

export const uid = decodeURIComponent(/^\/[wd]\/([^/]+)/.exec(location.pathname)?.[1] ?? '');
export const language = { vi: 'vi', en: 'en' }[query.get('lang')] ?? (uid.endsWith('-en') ? 'en' : 'vi');
export const provenance = query.get('provenance') ?? '';
export const ask = (name) => query.get(name);
export const has = (name) => query.has(name) && query.get(name) !== 'false';

/** The variables asked for: var-<name>=<value>, several times for several values; "provenance" is one of them. */
export function askedVariables() {
  const asked = provenance ? { provenance: [provenance] } : {};
  for (const [name, value] of query) if (name.startsWith('var-')) (asked[name.slice(4)] ??= []).push(value);
  return asked;
}

/** Puts a choice into the address, so that a wall can be bookmarked as it stands. */
export function remember(chosen) {
  [...query.keys()].filter((name) => name.startsWith('var-') || name === 'provenance').forEach((name) => query.delete(name));
  for (const [name, values] of Object.entries(chosen)) values.forEach((value) => query.append(name === 'provenance' ? name : `var-${name}`, value));
  history.replaceState(null, '', `?${written(query)}`);
  return chosen;
}

/** The address of a wall; what is not said about it stays as it is on this page. */
export function addressOf(wall, { lang = language, kiosk = has('kiosk'), source = provenance } = {}) {
  const params = new URLSearchParams([['lang', lang], ...(source ? [['provenance', source]] : []), ...(kiosk ? [['kiosk', '']] : [])]);
  return `/w/${encodeURIComponent(wall)}?${written(params)}`;
}

/** The list, in a language and of a provenance. */
export const listAddress = (lang = language, source = provenance) =>
  `/?${new URLSearchParams([['lang', lang], ...(source ? [['provenance', source]] : [])])}`;

const written = (params) => params.toString().replace(/=(?=&|$)/g, '');
