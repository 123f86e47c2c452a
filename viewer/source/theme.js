// Grafana's theme, and the few looks of our own.
import { createTheme } from '@grafana/data';
import { ask } from './address.js';

export const theme = createTheme({ colors: { mode: ask('theme') === 'light' ? 'light' : 'dark' } });
export const colours = { background: theme.colors.background.canvas, color: theme.colors.text.primary };
export const link = { color: theme.colors.text.link };
export const UNKNOWN = '#767676';
