type Write = (data: string) => boolean;

export interface CapturedOutput {
  /** The real write to the terminal. */
  readonly write: Write;
  onStray(listener: (text: string) => void): () => void;
  /** The streams are as before. */
  release(): void;
}

const KEPT_WITHOUT_LISTENER = 200;

/**
 * Nobody but the painter may write on the screen: what console or a library sends to `stdout`, or to `stderr` when
 * that is a terminal too, goes to the listeners. Until there is one, the newest pieces are kept for it.
 */
export function captureOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): CapturedOutput {
  const listeners = new Set<(text: string) => void>();
  const kept: string[] = [];
  const streams = stderr.isTTY && stderr !== stdout ? [stdout, stderr] : [stdout];
  const originals = streams.map((stream) => ({ stream, write: stream.write }));
  const writeOut = stdout.write.bind(stdout);

  function capture(
    data: Uint8Array | string,
    encodingOrCallback?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    if (listeners.size === 0) {
      kept.push(text);
      if (kept.length > KEPT_WITHOUT_LISTENER) kept.shift();
    }
    for (const listener of [...listeners]) listener(text);
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
    if (done) queueMicrotask(() => done());
    return true;
  }

  for (const { stream } of originals) stream.write = capture;
  return {
    write: (data) => writeOut(data),
    onStray(listener) {
      listeners.add(listener);
      for (const text of kept.splice(0)) listener(text);
      return () => {
        listeners.delete(listener);
      };
    },
    release() {
      for (const { stream, write } of originals) if (stream.write === capture) stream.write = write;
    },
  };
}
