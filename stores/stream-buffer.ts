/** Text that grows outside React. Views read it when the version they were told of changes. */
export interface StreamBuffer {
  text: string;
  reasoning: string;
  /** How many pieces came: for the embedded engines one piece is one token. */
  pieces: number;
  /** Clock of the first piece; null before it. */
  firstAt: number | null;
}

export function createStreamBuffer(): StreamBuffer {
  return { text: '', reasoning: '', pieces: 0, firstAt: null };
}
