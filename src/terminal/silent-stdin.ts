import { Socket } from 'node:net';

/** A stdin for Ink that is no terminal and never sends anything: keys come from our own parser. */
export class SilentStdin extends Socket {
  readonly isTTY = false;
  readonly isRaw = false;
  readonly fd = -1;
  setRawMode(): this {
    return this;
  }
}
