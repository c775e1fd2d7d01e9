/** Words of the ask screen. Keys start with `ask.`. */
export const ask = {
  'ask.title': 'Ask',
} as const;
