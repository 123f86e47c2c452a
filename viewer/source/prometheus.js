// The three calls of the Prometheus HTTP API that a wall needs, through our own server; times are in milliseconds.
import { words } from './words.js';

/** A pulse that takes longer counts as none. */
const PATIENCE = 3500;

export function prometheusUntil(signal) {
  const get = async (path, params) => {
    const answer = await json(`/api/v1/${path}?${new URLSearchParams(params)}`, signal);
    if (answer.status !== 'success') throw new Error(answer.error ?? words.silent);
    return answer.data;
  };
  return {
    instant: (query, time) => get('query', { query, time: time / 1000 }),
    range: (query, start, end, step) => get('query_range', { query, start: start / 1000, end: end / 1000, step: step / 1000 }),
    labelValues: (label, selector, start, end) =>
      get(`label/${label}/values`, { ...(selector && { 'match[]': selector }), start: start / 1000, end: end / 1000 }),
  };
}

/** Resolves while Prometheus answers; rejects with a sentence for the wall when it does not. */
export async function alive() {
  const signal = AbortSignal.timeout(PATIENCE);
  const response = await fetch('/api/v1/query?query=1', { signal }).catch((error) => {
    throw new Error(error.name === 'TimeoutError' ? words.silent : words.server);
  });
  if (!response.ok) throw new Error(words.silent);
}

/** The JSON at a path of our server, whatever its HTTP status. */
export async function json(path, signal) {
  const response = await fetch(path, { signal }).catch((error) => {
    throw new Error(error.name === 'TimeoutError' ? words.tooLong : words.server);
  });
  return response.json().catch((error) => ({ error: error.name === 'TimeoutError' ? words.tooLong : `HTTP ${response.status}` }));
}
