import { Box, render } from 'ink';
import type { ReactElement } from 'react';
import { busy } from '../platform/busy.ts';
import type { FrameStdout } from '../terminal/painter.ts';

/** The part of `Terminal` that drawing needs; a test gives a fake one. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly inkStdout: FrameStdout;
  readonly inkStdin: NodeJS.ReadStream;
}

export interface MountedApp {
  rerender(element: ReactElement): void;
  unmount(): void;
  /** Resolves when no work is counted by `busy` and no frame waits to be drawn. */
  waitUntilIdle(): Promise<void>;
}

export interface MountOptions {
  /** A render threw and no error boundary of ours took it. Default: thrown on, which ends the process, terminal restored. */
  readonly onFatal?: (error: unknown) => void;
}

/**
 * Draws `element` on `terminal` through Ink, in a box of the terminal's size, again at each resize. Ink only makes
 * frames: keys come from `terminal.onEvent`, so `useInput`, `useStdin` and `Static` have no place below this.
 */
export function mountApp(element: ReactElement, terminal: Canvas, options: MountOptions = {}): MountedApp {
  const { inkStdout, inkStdin } = terminal;
  const { onFatal = throwOutside } = options;
  let current = element;

  const framed = () => (
    <Box width={terminal.columns} height={terminal.rows} flexDirection="column">
      {current}
    </Box>
  );
  const instance = render(framed(), {
    stdout: inkStdout,
    stdin: inkStdin,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
  });
  instance.waitUntilExit().catch(onFatal);

  // Ink would draw the old tree once more at each resize; the new box size does all that is needed.
  inkStdout.removeAllListeners('resize');
  const draw = () => instance.rerender(framed());
  inkStdout.on('resize', draw);

  return {
    rerender(next) {
      current = next;
      draw();
    },
    unmount() {
      inkStdout.off('resize', draw);
      instance.unmount();
    },
    async waitUntilIdle() {
      for (let quiet = 0; quiet < 4; ) {
        await new Promise((resolve) => setImmediate(resolve));
        quiet = busy.count > 0 || inkStdout.waiting ? 0 : quiet + 1;
      }
    },
  };
}

function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
