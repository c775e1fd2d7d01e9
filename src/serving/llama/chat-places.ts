import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';
import { RagtuiError } from '../../platform/errors.ts';
import { Gate } from '../http/gate.ts';
import { SLICE } from './generate.ts';
import { Lockstep, type Seat } from './lockstep.ts';

/** An answer beside others reads its prompt in smaller parts: theirs stand still as long. */
const SLICE_BESIDE_OTHERS = 64;
/** A new conversation that shares less than this with a kept one (its system text, say) does not overwrite it. */
const WORTH_KEEPING = 0.5;

/** One place of a context for several chats. */
interface Slot {
  readonly sequence: LlamaContextSequence;
  busy: boolean;
  usedAt: number;
}

/** A place that is taken until `leave`. */
export interface TakenPlace {
  readonly sequence: LlamaContextSequence;
  step<T>(work: () => Promise<T>): Promise<T>;
  reading(tokens: number, signal: AbortSignal, read: () => Promise<void>): Promise<void>;
  slice(): number;
  leave(): void;
}

/** Places for several chats in one context. They take their steps together; each keeps what it read for the next of its kind. */
export class ChatPlaces {
  readonly #context: LlamaContext;
  readonly #slots: readonly Slot[];
  readonly #lockstep = new Lockstep();
  /** Several long prompts at once would all be late; one after another the first answers begin while the last are read. */
  readonly #reading = new Gate();
  #clock = 0;

  constructor(context: LlamaContext) {
    this.#context = context;
    this.#slots = Array.from({ length: context.totalSequences }, () => ({
      sequence: context.getSequence(),
      busy: false,
      usedAt: 0,
    }));
  }

  get cells(): number {
    return this.#slots.length * this.#context.contextSize;
  }

  get usedCells(): number {
    return this.#slots.reduce((sum, { busy, sequence }) => sum + (busy ? sequence.nextTokenIndex : 0), 0);
  }

  /** The free place that already holds most of this prompt, else the one that was used longest ago. */
  take(tokens: readonly Token[]): TakenPlace {
    const slot = this.#choose([...tokens]);
    slot.busy = true;
    this.#clock += 1;
    slot.usedAt = this.#clock;
    // Not before the first step: preparing the sequence must not hold up the others.
    let seat: Seat | undefined;
    const { sequence } = slot;
    return {
      sequence,
      step: (work) => {
        seat ??= this.#lockstep.enter();
        return seat.step(work);
      },
      reading: (tokens, signal, read) =>
        tokens > SLICE_BESIDE_OTHERS ? this.#reading.run({ client: '', alone: true }, signal, read) : read(),
      slice: () => (this.#lockstep.size > (seat ? 1 : 0) ? SLICE_BESIDE_OTHERS : SLICE),
      leave: () => {
        slot.busy = false;
        seat?.leave();
      },
    };
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
  }

  #choose(tokens: Token[]): Slot {
    const free = this.#slots.filter(({ busy }) => !busy);
    const rated = free.map((slot) => ({ slot, kept: keptOf(slot.sequence, tokens) }));
    const [best] = rated.sort((a, b) => b.kept - a.kept);
    const held = best?.slot.sequence.nextTokenIndex ?? 0;
    if (best && best.kept > 0 && best.kept >= WORTH_KEEPING * Math.min(held, tokens.length)) return best.slot;
    const [oldest] = free.sort((a, b) => a.usedAt - b.usedAt);
    if (!oldest) throw new RagtuiError('internal', 'No place for a chat is free.');
    return oldest;
  }
}

const keptOf = (sequence: LlamaContextSequence, tokens: Token[]): number =>
  Math.min(sequence.compareContextTokens(tokens).firstDifferentIndex, tokens.length);
