import { normalCdf } from '../../evaluation/statistics/normal.ts';
import type { Column } from '../types.ts';
import { type Ballot, fitStrengths, type Strengths } from './bradley-terry.ts';
import { columnKey } from './column-key.ts';
import type { VotedComparison } from './types.ts';
import { judged } from './votes.ts';

/** A column on the board, whatever it was called. */
export interface BoardRow {
  /** `columnKey`. */
  readonly key: string;
  /** Its newest name; with the beginning of its key where two share one. */
  readonly name: string;
  /** As it was asked last. */
  readonly column: Column;
  /** From 1. */
  readonly place: number;
  /** Elo's scale: mean 1000; 400 more wins ten times as often as it loses. */
  readonly rating: number;
  /** 95 % interval of the rating. */
  readonly low: number;
  readonly high: number;
  /** How often it would be preferred to the others, two at a time, 0 to 1. */
  readonly share: number;
  /** Chance that the one below is really not better; null for the last. 0.975 and more is a clear lead. */
  readonly ahead: number | null;
  /** Votes in which it stood. */
  readonly votes: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  /** Nobody was any good. */
  readonly neither: number;
}

export interface Board {
  readonly rows: readonly BoardRow[];
  readonly votes: number;
  readonly blind: number;
  /** Not in the ratings: `neither`, and votes between columns that are the same. */
  readonly uncounted: number;
  /** Words for whoever reads the numbers. */
  readonly notes: readonly string[];
}

export interface BoardWish {
  /** Only votes cast with hidden names. */
  readonly blindOnly?: boolean;
  readonly kb?: string;
}

const ELO = 400 / Math.LN10;
const MEAN_RATING = 1000;
const FEW_VOTES = 10;

/** One vote, columns as numbers. */
interface Counted {
  readonly among: readonly number[];
  /** Null for `neither`. */
  readonly best: readonly number[] | null;
}

/**
 * Who is preferred, over all votes: columns are told apart by what they do. A column beside itself under two names is
 * one. Pure.
 */
export function boardOf(all: readonly VotedComparison[], { blindOnly = false, kb }: BoardWish = {}): Board {
  const voted = all.filter((one) => (!blindOnly || one.vote.blind) && (kb === undefined || one.kb === kb));
  const players: { key: string; column: Column }[] = [];
  const counted = voted.flatMap((one) => countedVote(one, players) ?? []);
  const ballots = counted.flatMap(({ among, best }): Ballot[] => (best ? [{ among, best }] : []));
  const strengths = fitStrengths(players.length, ballots);
  const order = players.map((_, at) => at).sort((a, b) => (strengths.strength[b] ?? 0) - (strengths.strength[a] ?? 0));
  const names = namesOf(players);
  const rows = order.flatMap((at, index): BoardRow[] => {
    const player = players[at];
    if (!player) return [];
    return [
      {
        ...player,
        name: names[at] ?? player.column.name,
        place: index + 1,
        ...ratingOf(strengths, at),
        share: shareOf(strengths.strength, at),
        ahead: leadOf(strengths, at, order[index + 1]),
        ...tallyOf(counted, at),
      },
    ];
  });
  const blind = voted.filter(({ vote }) => vote.blind).length;
  return {
    rows,
    votes: voted.length,
    blind,
    uncounted: voted.length - ballots.length,
    notes: notesOf(voted.length, blind, ballots.length),
  };
}

/** Null when there was nothing to choose between. Adds the players that are new, and the newest column of each. */
function countedVote({ vote, columns }: VotedComparison, players: { key: string; column: Column }[]): Counted | null {
  const answered = columns.filter((one) => judged(one) && vote.shown.includes(one.column.name));
  // One that only retrieves says nothing: beside answers it does not compete, among its like its passages do.
  const speaking = answered.filter(({ column }) => column.llm !== 'none');
  const stood = speaking.length > 0 ? speaking : answered;
  const keys = stood.map(({ column, embedder, digest }) => columnKey(column, { embedder, digest }));
  if (new Set(keys).size < 2) return null;
  const indices = keys.map((key, at) => {
    const column = stood[at]?.column;
    const known = players.find((one) => one.key === key);
    if (known && column) known.column = column;
    if (known) return players.indexOf(known);
    if (column) players.push({ key, column });
    return players.length - 1;
  });
  const among = [...new Set(indices)];
  const { choice } = vote;
  if (choice.kind === 'neither') return { among, best: null };
  if (choice.kind === 'tie') return { among, best: among };
  const chosen = indices[stood.findIndex(({ column }) => column.name === choice.column)];
  return chosen === undefined ? null : { among, best: [chosen] };
}

function namesOf(players: readonly { key: string; column: Column }[]): string[] {
  const names = players.map(({ column }) => column.name);
  return players.map(({ key, column: { name } }) =>
    names.filter((one) => one === name).length > 1 ? `${name}#${key.slice(0, 4)}` : name,
  );
}

function ratingOf({ strength, margin }: Strengths, at: number): Pick<BoardRow, 'rating' | 'low' | 'high'> {
  const rating = MEAN_RATING + ELO * (strength[at] ?? 0);
  const width = ELO * (margin[at] ?? 0);
  return { rating, low: rating - width, high: rating + width };
}

function shareOf(strength: readonly number[], at: number): number {
  const own = strength[at] ?? 0;
  const others = strength.filter((_, other) => other !== at);
  return others.reduce((sum, one) => sum + 1 / (1 + Math.exp(one - own)), 0) / Math.max(1, others.length);
}

function leadOf(strengths: Strengths, at: number, next: number | undefined): number | null {
  if (next === undefined) return null;
  const lead = (strengths.strength[at] ?? 0) - (strengths.strength[next] ?? 0);
  return normalCdf(lead / strengths.differenceError(at, next));
}

function tallyOf(counted: readonly Counted[], at: number) {
  const stood = counted.filter(({ among }) => among.includes(at));
  const won = stood.filter(({ best }) => best?.includes(at));
  const ties = won.filter(({ best }) => (best?.length ?? 0) > 1).length;
  const neither = stood.filter(({ best }) => best === null).length;
  const wins = won.length - ties;
  return { votes: stood.length, wins, ties, neither, losses: stood.length - wins - ties - neither };
}

function notesOf(votes: number, blind: number, counted: number): string[] {
  return [
    ...(counted > 0 && counted < FEW_VOTES
      ? [`Only ${counted} ${counted === 1 ? 'vote counts' : 'votes count'}: the intervals say more than the places.`]
      : []),
    ...(blind < votes ? [`${votes - blind} of ${votes} votes saw the names.`] : []),
  ];
}
