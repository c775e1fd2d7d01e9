import type { Check } from '../types.ts';

export const colours: Check = {
  id: 'colours',
  name: 'colours',
  run: ({ env, terminal }) => {
    if (!terminal) return { state: 'skip', detail: 'not a terminal' };
    const term = env['TERM'] ?? '';
    if (env['NO_COLOR']) return { state: 'ok', detail: 'none, as NO_COLOR asks' };
    if (/truecolor|24bit/.test(env['COLORTERM'] ?? '') || /direct/.test(term))
      return { state: 'ok', detail: 'true colour' };
    if (/256/.test(term)) return { state: 'ok', detail: '256' };
    return {
      state: 'ok',
      detail: '16; if yours can more: export TERM=xterm-256color (in tmux: default-terminal "tmux-256color")',
    };
  },
};
