import type { InstallProgress } from './types.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * Reads what `uv pip sync` prints, in pieces as they come. uv names only packages of more than a few MB; how many are
 * installed is counted on the disk by the caller.
 */
export class UvOutput {
  readonly #sizes = new Map<string, number>();
  readonly #downloaded = new Set<string>();
  #rest = '';
  #total = 0;
  #phase = 'resolving';

  push(text: string): void {
    const lines = (this.#rest + text).split(/[\r\n]/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const resolved = /^Resolved (\d+) packages?/.exec(line);
    const downloading = /^\s*Downloading (\S+) \(([\d.]+)\s?([KMG]?i?B)\)/.exec(line);
    const downloaded = /^\s*Downloaded (\S+)/.exec(line);
    if (resolved) {
      this.#total = Number(resolved[1]);
      this.#phase = 'comparing';
    } else if (downloading?.[1]) {
      this.#sizes.set(downloading[1], Number(downloading[2]) * (UNITS[downloading[3] ?? ''] ?? 1));
      this.#phase = 'downloading';
    } else if (downloaded?.[1]) {
      this.#downloaded.add(downloaded[1]);
    } else if (/^Prepared \d+/.test(line)) {
      this.#phase = 'installing';
    } else if (/^(Installed|Audited|Checked) \d+/.test(line)) {
      this.#phase = 'installed';
    }
  }

  /** `installed`: packages that are in the environment now. */
  progress(installed: number): InstallProgress {
    const waiting = [...this.#sizes.keys()].filter((name) => !this.#downloaded.has(name));
    const sum = (names: Iterable<string>) =>
      [...names].reduce((bytes, name) => bytes + Math.round(this.#sizes.get(name) ?? 0), 0);
    return {
      phase: this.#phase === 'downloading' && waiting.length > 0 ? `downloading ${waiting.join(', ')}` : this.#phase,
      packages: { done: Math.min(installed, this.#total || installed), total: this.#total },
      bytes: { done: sum(this.#downloaded), total: sum(this.#sizes.keys()) },
    };
  }
}
