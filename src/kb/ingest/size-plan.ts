/** What an ingest of everything new would be; a text that comes twice counts twice. */
export interface SizeQuestion {
  readonly chunks: number;
  /** UTF-8 bytes of the chunks' texts. */
  readonly textBytes: number;
  /** Numbers in a vector, one embedder each. */
  readonly dimensions: readonly number[];
  /** Texts embedded a second with all that works at once, one embedder each; undefined where nobody measured. */
  readonly textsPerSecond: readonly (number | undefined)[];
}

export interface SizePlan {
  readonly vectors: number;
  readonly databaseBytes: number;
  readonly indexBytes: number;
  /** Of the kb service once somebody searches: the graphs of all segments. */
  readonly searchMemoryBytes: number;
  /** Of all processes of the ingest itself, with one parser; it does not grow with the chunks. */
  readonly ingestMemoryBytes: number;
  readonly seconds: {
    /** Undefined where a rate is. */
    readonly embed: number | undefined;
    /** One service writes: rows, full text, vectors. */
    readonly store: number;
    readonly index: number;
  };
}

/**
 * Measured by `npm run bench -- --only big-ingest` (docs/big-ingest.md) on a core of an Intel Xeon. `store` is processor
 * time of the service, `build` of the builder for a vector of 384 numbers, whose cost is in its distances.
 */
export const MEASURED = {
  /** A document's text is kept whole and in chunks; full text adds its words and places. */
  bytesPerTextByte: 2.6,
  /** Rows of chunk, text, vector and member, and their keys. */
  bytesPerChunk: 360,
  /** Vectors fill pages of 16 KiB nearly. */
  pageWaste: 1.08,
  storeSeconds: 320e-6,
  buildSecondsAt384: 300e-6,
  ingestMemoryBytes: 1.2e9,
} as const;

/** hnswlib 0.8 with M 16: links below (4 + 128 bytes), label (8), upper links of one in 16 (on average 9). */
const INDEX_BYTES = 149;
/** The sets of labels that a segment keeps beside its graph. */
const LABEL_BYTES = 60;
const SERVICE_BYTES = 300e6;

/** On paper: disk, memory and hours of an ingest. Pure. Formulas: docs/big-ingest.md. */
export function planSize({ chunks, textBytes, dimensions, textsPerSecond }: SizeQuestion): SizePlan {
  const sum = (of: (dimension: number) => number): number =>
    dimensions.reduce((total, dimension) => total + of(dimension), 0);
  const graph = (dimension: number): number => chunks * (4 * dimension + INDEX_BYTES);
  const rates = textsPerSecond.slice(0, dimensions.length);
  const isKnown = rates.length === dimensions.length && rates.every((rate) => rate !== undefined && rate > 0);
  return {
    vectors: chunks * dimensions.length,
    databaseBytes:
      MEASURED.bytesPerTextByte * textBytes +
      MEASURED.bytesPerChunk * chunks +
      sum((dimension) => chunks * 4 * dimension * MEASURED.pageWaste),
    indexBytes: sum(graph),
    searchMemoryBytes: SERVICE_BYTES + sum((dimension) => graph(dimension) + chunks * LABEL_BYTES),
    ingestMemoryBytes: MEASURED.ingestMemoryBytes,
    seconds: {
      embed: isKnown ? rates.reduce<number>((total, rate) => total + chunks / (rate ?? 1), 0) : undefined,
      store: chunks * MEASURED.storeSeconds,
      index: sum((dimension) => chunks * MEASURED.buildSecondsAt384 * (dimension / 384)),
    },
  };
}
