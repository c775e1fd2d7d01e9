import type { Progress } from '../../jobs/types.ts';
import type { ExtractedDocument } from '../types.ts';
import { charactersLeft, Rate } from './forecast.ts';
import type { FoundFile } from './plan.ts';

/** Turns what an ingest does into the progress events of its job: chunks done of all, chunks/s, tokens/s, time left. */
export class IngestProgress {
  private phase = 'scanning';
  private files = 0;
  private filesTotal = 0;
  private bytesRead = 0;
  private bytesTotal = 0;
  private documents = 0;
  private chunks = 0;
  private toEmbed = 0;
  private chunksEmbedded = 0;
  private charactersQueued = 0;
  private charactersStored = 0;
  private charactersWaiting = 0;
  private readonly chunkRate: Rate;
  private readonly tokenRate: Rate;
  private readonly characterRate: Rate;

  constructor(
    private readonly emit: (progress: Progress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    const start = now();
    this.chunkRate = new Rate(start);
    this.tokenRate = new Rate(start);
    this.characterRate = new Rate(start);
  }

  waitingFor(owner: string): void {
    this.phase = `waiting for ${owner}`;
    this.publish();
  }

  scanned(files: number): void {
    this.phase = 'scanning';
    this.filesTotal = files;
    if (files % 200 === 1) this.publish();
  }

  planned(todo: readonly FoundFile[]): void {
    this.phase = 'reading';
    this.filesTotal = todo.length;
    this.bytesTotal = todo.reduce((sum, file) => sum + file.size, 0);
    this.publish();
  }

  /** `fresh`: texts that wait for a vector from now on. */
  stored(documents: readonly ExtractedDocument[], chunks: number, fresh: readonly { text: string }[]): void {
    this.documents += documents.length;
    this.chunks += chunks;
    this.toEmbed += fresh.length;
    for (const { text } of fresh) {
      this.charactersQueued += text.length;
      this.charactersWaiting += text.length;
    }
    for (const document of documents) this.charactersStored += document.text.length;
    this.publish();
  }

  read(file: FoundFile): void {
    this.files++;
    this.bytesRead += file.size;
    if (this.files === this.filesTotal) this.phase = 'embedding';
    this.publish();
  }

  embedded(texts: number, tokens: number, characters: number, waiting: number): void {
    const now = this.now();
    this.chunksEmbedded += texts;
    this.charactersWaiting = waiting;
    this.chunkRate.observe(texts, now);
    this.tokenRate.observe(tokens, now);
    this.characterRate.observe(characters, now);
    this.publish();
  }

  published(): void {
    this.publish();
  }

  finished(): void {
    this.phase = 'done';
    this.toEmbed = this.chunksEmbedded;
    this.charactersWaiting = 0;
    this.publish();
  }

  private publish(): void {
    const rate = this.characterRate.perSecond;
    // Of a file that is being read, what has come out of it so far counts.
    const bytesRead = Math.max(this.bytesRead, Math.min(this.bytesTotal, this.charactersStored));
    const left = charactersLeft(this.charactersWaiting, bytesRead, this.bytesTotal, this.charactersQueued);
    const done = this.chunks - this.toEmbed + this.chunksEmbedded;
    this.emit({
      phase: this.phase,
      done: Math.max(0, done),
      total: Math.max(this.chunks, done),
      unit: 'chunks',
      rate: this.chunkRate.perSecond,
      secondsLeft: this.phase === 'done' ? 0 : rate ? left / rate : null,
      details: {
        files: this.files,
        'files total': this.filesTotal,
        documents: this.documents,
        chunks: this.chunks,
        embedded: this.chunksEmbedded,
        'tokens/s': this.tokenRate.perSecond ?? 0,
      },
    });
  }
}
