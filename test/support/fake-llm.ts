import type { Engine, Generated, GenerateHooks, GenerateRequest, ModelHost } from '../../src/serving/llama/engine.ts';

export const FAKE_CONTEXT = 100;

/** An engine whose tokens are characters and whose answers a test writes. */
export class FakeEngine implements Engine {
  readonly contextTokens = FAKE_CONTEXT;
  readonly requests: GenerateRequest<number>[] = [];
  running = 0;
  mostAtOnce = 0;
  generateWith: (request: GenerateRequest<number>, hooks: GenerateHooks) => Promise<Generated> = async (
    _,
    { onText, onToken },
  ) => {
    for (const text of ['Hello', ' you']) {
      onToken?.();
      onText(text);
    }
    return { finish: 'stop', completionTokens: 2 };
  };

  renderChat(messages: readonly { content: string }[]): number[] {
    return messages.flatMap(({ content }) => this.tokenize(content));
  }

  tokenize(text: string): number[] {
    return Array.from(text, (character) => character.codePointAt(0) ?? 0);
  }

  detokenize(tokens: readonly number[]): string {
    return String.fromCodePoint(...tokens);
  }

  async generate(request: GenerateRequest<number>, hooks: GenerateHooks): Promise<Generated> {
    this.requests.push(request);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      return await this.generateWith(request, hooks);
    } finally {
      this.running -= 1;
    }
  }
}

/** A model with adapters as a test sets them. */
export class FakeHost implements ModelHost {
  readonly base = new FakeEngine();
  readonly adapters = new Map<string, FakeEngine>();
  readonly loaded: string[] = [];
  parallel = 1;
  used = 0;

  kvUsage(): number {
    return this.used;
  }

  async load(name: string, source: string): Promise<void> {
    this.loaded.push(source);
    this.adapters.set(name, new FakeEngine());
  }

  unload(name: string): void {
    this.adapters.delete(name);
  }
}
