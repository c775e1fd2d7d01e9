import type { Check } from '../types.ts';

/** Copying writes OSC 52; whether a terminal takes it cannot be asked without being given the clipboard. */
export const clipboard: Check = {
  id: 'clipboard',
  name: 'clipboard',
  run: ({ env, terminal }) => {
    if (!terminal) return { state: 'skip', detail: 'not a terminal' };
    const program = env['TERM_PROGRAM'];
    if (program === 'Apple_Terminal') {
      const get = 'F8 gives the mouse back, then select with it; or use another terminal (iTerm2, kitty, WezTerm)';
      return { state: 'warn', detail: 'Terminal.app takes no OSC 52: y copies nothing', get };
    }
    return {
      state: 'ok',
      detail: 'by OSC 52; if y copies nothing, allow it in your terminal, or F8 and select with the mouse',
    };
  },
};
