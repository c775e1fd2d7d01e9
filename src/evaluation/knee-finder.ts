/** More at a time must bring at least this share of what it would on a server with room. */
const WORTH = 0.5;
/** A window has at least so many answers, and at least two rounds of all places. */
const FEWEST = 4;
/** After so many windows at the knee it is looked whether the server takes more by now; each vain look doubles it. */
const LOOK_AGAIN = 6;
const LOOK_AT_MOST = 24;
/** A server that refuses is left alone for longer. */
const LOOK_AT_REFUSER = 200;
/** What an overrun server is left with. */
const SHRINK = 0.7;
/** A window at the knee with less than this share of what the knee brought says that the server became slower … */
const SLOWER = 0.7;
/** … when so many in a row say it. */
const SLOW_WINDOWS = 2;

/** A place's work that is done. */
export interface Finished {
  /** From when to when the place was taken, in milliseconds of a steady clock. */
  readonly begun: number;
  readonly now: number;
  /** Tokens it brought; 0 where none are told: then answers are counted. */
  readonly tokens: number;
}

/**
 * Finds how many requests at a time a server takes before more bring nothing. It doubles while throughput rises, halves
 * the gap between the last number that paid and the first that did not, stays one above (so that no place of the server
 * idles while an answer is on its way), and looks one step up now and then. A server that says it is overrun (429,
 * `Retry-After`, a time-out) is given less at once. Throughput is places × tokens (else answers) by the time that they took
 * (Little's law, which bursts of answers do not disturb), over rounds in which the number did not change, but the first.
 * Pure but for what it remembers.
 */
export class KneeFinder {
  readonly #most: number;
  #places: number;
  /** The most that paid; nothing measured yet: 0. */
  #paid = 0;
  /** The throughput that others are compared with, and the places that brought it. */
  #brought = 0;
  #broughtBy = 1;
  /** The fewest that did not pay; above `most`: none known. */
  #useless: number;
  /** It did not pay because the server refused. */
  #refused = false;
  #settled = false;
  /** One window at this number did not pay. */
  #doubted = false;
  #easing = false;
  /** What was begun before belongs to an earlier number. */
  #since = Number.NEGATIVE_INFINITY;
  /** Answers of the first round: until they came the line at the server was not yet as long as it will be. */
  #skip = 1;
  #answers = 0;
  #tokens = 0;
  #took = 0;
  #quietWindows = 0;
  #slowWindows = 0;
  #lookAfter = LOOK_AGAIN;

  constructor(options: { readonly most: number }) {
    this.#most = Math.max(1, options.most);
    this.#useless = this.#most + 1;
    this.#places = 1;
  }

  /** Requests at a time now. */
  get places(): number {
    return this.#places;
  }

  /** Whether the knee is found, and only watched. */
  get settled(): boolean {
    return this.#settled;
  }

  /** A place is done with an answer (a failure is none). */
  finished({ begun, now, tokens }: Finished): void {
    if (begun < this.#since) return;
    if (this.#skip > 0) {
      this.#skip -= 1;
      this.#easing = false;
      return;
    }
    this.#answers += 1;
    this.#tokens += tokens;
    this.#took += now - begun;
    if (this.#answers < this.#places * Math.ceil(Math.max(2, FEWEST / this.#places)) || this.#took <= 0) return;
    const throughput = (this.#places * (this.#tokens > 0 ? this.#tokens : this.#answers)) / this.#took;
    this.#newWindow();
    if (this.#settled) this.#watch(throughput, now);
    else this.#judge(throughput, now);
  }

  /** The server said that it is overrun; said again before the change can have worked, it counts once. */
  overrun(now: number): void {
    if (this.#easing) return;
    this.#useless = Math.max(2, this.#places);
    this.#refused = true;
    this.#lookAfter = Math.min(LOOK_AT_REFUSER, 4 * this.#lookAfter);
    this.#settled = false;
    if (this.#paid >= this.#places) this.#paid = 0;
    this.#move(Math.max(1, this.#paid, Math.floor(this.#places * SHRINK)), now);
    this.#easing = true;
  }

  /** Nothing was asked for a while (a pause): the window under way says nothing. */
  restart(now: number): void {
    this.#move(this.#places, now);
  }

  #judge(throughput: number, now: number): void {
    const hoped = this.#places / this.#broughtBy - 1;
    // Where it was compared from brings nothing new.
    const more = hoped > 0 && throughput / this.#brought - 1 >= WORTH * hoped;
    if (this.#paid === 0 || more) {
      this.#paid = this.#places;
      this.#brought = throughput;
      this.#broughtBy = this.#places;
    } else if (!this.#doubted) {
      // One slow moment of this machine or the server must not end the search: once more.
      this.#doubted = true;
      return;
    } else {
      this.#useless = this.#places;
      this.#refused = false;
    }
    const gap = this.#useless - this.#paid;
    if (gap <= Math.max(1, Math.floor(this.#paid / 16))) this.#settle(now);
    else if (this.#useless > this.#most) this.#move(Math.min(2 * this.#paid, this.#most), now);
    else this.#move(this.#paid + Math.floor(gap / 2), now);
  }

  #settle(now: number): void {
    this.#settled = true;
    this.#quietWindows = 0;
    this.#slowWindows = 0;
    const headroom = this.#refused ? 0 : 1;
    this.#move(Math.min(this.#most, this.#paid + headroom), now);
  }

  #watch(throughput: number, now: number): void {
    this.#quietWindows += 1;
    this.#slowWindows = throughput < SLOWER * this.#brought ? this.#slowWindows + 1 : 0;
    if (this.#slowWindows >= SLOW_WINDOWS) {
      // Others use it too, or the answers grew longer: what was found holds no more.
      this.#paid = 0;
      this.#lookAfter = LOOK_AGAIN;
      this.#search(1, now);
    } else if (this.#quietWindows >= this.#lookAfter && this.#places < this.#most) {
      this.#lookAfter = Math.max(this.#lookAfter, Math.min(LOOK_AT_MOST, 2 * this.#lookAfter));
      this.#brought = throughput;
      this.#broughtBy = this.#places;
      this.#search(Math.min(this.#most, this.#paid + Math.max(2, Math.floor(this.#paid / 4))), now);
    }
  }

  #search(places: number, now: number): void {
    this.#settled = false;
    this.#refused = false;
    this.#useless = this.#most + 1;
    this.#move(places, now);
  }

  #move(places: number, now: number): void {
    this.#places = places;
    this.#since = now;
    this.#skip = places;
    this.#doubted = false;
    this.#newWindow();
  }

  #newWindow(): void {
    this.#answers = 0;
    this.#tokens = 0;
    this.#took = 0;
  }
}
