import type { KbClient } from '../src/kb/protocol.ts';
import { RagtuiError } from '../src/platform/errors.ts';
import type { Choice, VotedComparison } from '../src/rag/comparisons/types.ts';
import { blindOrder, voteOf } from '../src/rag/comparisons/votes.ts';
import type { CompareAccess } from './compare.ts';

/** Which answer is best, by whoever reads them. */
export interface VotesSlice {
  /** All there are, oldest first; null = not read yet. */
  readonly votes: readonly VotedComparison[] | null;
  /** Keeps what was preferred (a column by its index in `slots`) and shows the names. Errors: `unavailable` when the comparison is not in the history. */
  castVote(choice: number | 'tie' | 'neither'): Promise<void>;
  /** Takes back the vote on the comparison on screen. */
  withdraw(): Promise<void>;
  loadVotes(): Promise<void>;
}

export interface VotesDependencies {
  readonly connect: () => Promise<Pick<KbClient, 'call'>>;
}

export function createVotesSlice({ get, set }: CompareAccess, { connect }: VotesDependencies): VotesSlice {
  const kept = (): number => {
    const id = get().run?.kept ?? null;
    if (id !== null) return id;
    const { fault } = get().run ?? {};
    throw new RagtuiError(
      'unavailable',
      `The comparison is not in the history${fault ? `: ${fault.message}` : ''}.`,
      'Ask again, then vote.',
    );
  };
  const voted = (id: number, vote: Choice | null): void => {
    const { run } = get();
    if (run?.kept === id) set({ run: { ...run, vote } });
  };
  return {
    votes: null,
    castVote: async (choice) => {
      const id = kept();
      const { run, slots, blind, blindSeed } = get();
      const names = slots.flatMap((slot) => run?.columns.get(slot.id)?.column.name ?? []);
      const seed = blind === 'hidden' ? blindSeed : null;
      const at = typeof choice !== 'number' || seed === null ? choice : blindOrder(names.length, seed).indexOf(choice);
      const vote = voteOf({ names, seed, choice: at });
      await (await connect()).call('comparisons.vote', { id, vote: { ...vote, shown: [...vote.shown] } });
      voted(id, vote.choice);
      get().reveal();
    },
    withdraw: async () => {
      const id = kept();
      await (await connect()).call('comparisons.vote', { id, vote: null });
      voted(id, null);
    },
    loadVotes: async () => set({ votes: await (await connect()).call('comparisons.votes', {}) }),
  };
}
