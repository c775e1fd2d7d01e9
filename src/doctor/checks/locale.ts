import type { Check } from '../types.ts';

export const locale: Check = {
  id: 'locale',
  name: 'locale',
  run: ({ env }) => {
    const found = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
    if (/utf-?8/i.test(found)) return { state: 'ok', detail: found };
    return {
      state: 'warn',
      detail: `${found || 'no locale'} is not UTF-8: Chinese and frames may come out wrong, in tmux most of all`,
      get: 'export LANG=C.UTF-8 (ssh sends yours where the server allows AcceptEnv LANG)',
    };
  },
};
