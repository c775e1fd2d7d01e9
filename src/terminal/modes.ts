import { writeSync } from 'node:fs';
import { errnoOf } from '../platform/errors.ts';

const ESC = '\u001b';
const MOUSE_ON = `${ESC}[?1000h${ESC}[?1002h${ESC}[?1006h`;
const MOUSE_OFF = `${ESC}[?1006l${ESC}[?1002l${ESC}[?1000l`;
/** Alternate screen, no wrapping at the edge, bracketed paste, focus reports, no cursor. */
const ENTER = `${ESC}[?1049h${ESC}[?7l${ESC}[?2004h${ESC}[?1004h${ESC}[?25l`;
/**
 * The reverse of all of it, whatever of it was on; ends a synchronised update that was cut off, too. The screen is left
 * empty: tmux (3.3a) shows rows of one that was made wider above the shell's prompt afterwards.
 */
const LEAVE = `${ESC}[?2026l${ESC}[0m${ESC}[H${ESC}[2J${MOUSE_OFF}${ESC}[?1004l${ESC}[?2004l${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;
/** Kitty's protocol, first level: Esc and Ctrl+I are told from Alt and Tab. */
const KITTY_ON = `${ESC}[>1u`;
const KITTY_OFF = `${ESC}[<u`;

export interface TerminalModes {
  /** The terminal is ours: modes on, raw input. */
  readonly active: boolean;
  readonly mouse: boolean;
  enter(): void;
  /** Synchronous: when it returns the terminal is as we found it. Does nothing when it is already so. */
  leave(): void;
  setMouse(on: boolean): void;
}

export interface ModesOptions {
  /** File descriptor of the terminal. */
  readonly fd: number;
  readonly setRawMode: (on: boolean) => void;
  readonly mouse: boolean;
  /** Off unless the user asks: not every terminal that says yes does it right. */
  readonly kitty: boolean;
}

/** Switches the terminal's modes on and off, each exactly once. All writes are synchronous. */
export function createModes(options: ModesOptions): TerminalModes {
  const { fd, setRawMode, kitty } = options;
  let active = false;
  let mouse = options.mouse;

  return {
    get active() {
      return active;
    },
    get mouse() {
      return mouse;
    },
    enter() {
      if (active) return;
      active = true;
      setRawMode(true);
      writeAllSync(fd, ENTER + (kitty ? KITTY_ON : '') + (mouse ? MOUSE_ON : ''));
    },
    leave() {
      if (!active) return;
      active = false;
      writeAllSync(fd, (kitty ? KITTY_OFF : '') + LEAVE);
      setRawMode(false);
    },
    setMouse(on) {
      if (on === mouse) return;
      mouse = on;
      if (active) writeAllSync(fd, on ? MOUSE_ON : MOUSE_OFF);
    },
  };
}

const RETRY_MS = 5;
const MAX_RETRIES = 100;

/** Writes all of `text` before it returns. A terminal that is gone (hang-up) or stays full is given up silently. */
export function writeAllSync(fd: number, text: string): void {
  let rest = Buffer.from(text, 'utf8');
  for (let retries = 0; rest.length > 0 && retries < MAX_RETRIES; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') return;
      retries++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
