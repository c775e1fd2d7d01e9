/** Exponentially weighted rate of something counted in bursts. */
export class Rate {
  private rate: number | null = null;
  private last: number;

  constructor(
    now: number,
    /** Seconds after which an observation weighs 1/e. */
    private readonly memory = 8,
  ) {
    this.last = now;
  }

  /** `amount` was done since the last call; `now` in ms. */
  observe(amount: number, now: number): void {
    const seconds = (now - this.last) / 1000;
    if (seconds <= 0) return;
    this.last = now;
    const current = amount / seconds;
    const keep = this.rate === null ? 0 : Math.exp(-seconds / this.memory);
    this.rate = (this.rate ?? 0) * keep + current * (1 - keep);
  }

  /** Per second; null before the first observation. */
  get perSecond(): number | null {
    return this.rate;
  }
}

/**
 * Characters still to embed: those queued, and what the unread bytes will probably give, going by the share of bytes
 * read so far that became text to embed.
 */
export function charactersLeft(queued: number, bytesRead: number, bytesTotal: number, charactersSeen: number): number {
  const unread = Math.max(0, bytesTotal - bytesRead);
  const perByte = bytesRead > 0 ? charactersSeen / bytesRead : 0.5;
  return queued + unread * perByte;
}
