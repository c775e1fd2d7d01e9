import { SMALLEST_WINDOW } from '../../platform/smallest-window.ts';
import type { Check } from '../types.ts';

export const terminal: Check = {
  id: 'terminal',
  name: 'terminal',
  run: ({ env, terminal: size }) => {
    if (!size) return { state: 'skip', detail: 'not a terminal (the screen needs one)' };
    const term = env['TERM'] ?? '';
    const detail = `${term || 'TERM is not set'}, ${size.columns}×${size.rows}`;
    if (term === '' || term === 'dumb')
      return { state: 'fail', detail: `${detail}: the screen cannot be shown`, get: 'export TERM=xterm-256color' };
    if (size.columns < SMALLEST_WINDOW.columns || size.rows < SMALLEST_WINDOW.rows) {
      return {
        state: 'warn',
        detail,
        get: `make the window at least ${SMALLEST_WINDOW.columns}×${SMALLEST_WINDOW.rows}`,
      };
    }
    return { state: 'ok', detail };
  },
};
