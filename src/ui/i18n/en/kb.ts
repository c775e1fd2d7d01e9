/** Words of the kb screen. Keys start with `kb.`. */
export const kb = {
  'kb.title': 'Knowledge',
  'kb.failedCount': '{count} failed',
} as const;
