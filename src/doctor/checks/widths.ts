import type { Check } from '../types.ts';

/** The terminal is asked where its cursor stands after one character: what it says is what counts. */
export const widths: Check = {
  id: 'widths',
  name: 'widths',
  run: async (probe) => {
    if (!probe.terminal) return { state: 'skip', detail: 'not a terminal' };
    const chinese = await probe.cells('中');
    if (chinese === null) return { state: 'skip', detail: 'the terminal does not say where its cursor is' };
    if (chinese !== 2) {
      const get = 'set a UTF-8 locale on both machines; in tmux start with tmux -u, in screen with screen -U';
      return {
        state: 'warn',
        detail: `a Chinese character takes ${chinese} cells here, not 2: the screen will be torn`,
        get,
      };
    }
    const emoji = await probe.cells('👍');
    const ambiguous = await probe.cells('│');
    if (ambiguous !== null && ambiguous !== 1) {
      const get = 'switch off "ambiguous characters are double width" in the settings of your terminal';
      return { state: 'warn', detail: `a frame's line takes ${ambiguous} cells here, not 1`, get };
    }
    const old = emoji === 1 ? '; emoji 1 (old tables: each is put right, but not inside tmux)' : '';
    return { state: 'ok', detail: `Chinese 2 cells, frames 1${old}` };
  },
};
