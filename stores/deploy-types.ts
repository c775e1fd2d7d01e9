import type { StoreApi } from 'zustand/vanilla';
import type { Host } from '../src/hosts/types.ts';
import type { JobId, JobView } from '../src/jobs/types.ts';
import type { ChatResult } from '../src/models/endpoint.ts';
import type { Adapter, Endpoint } from '../src/models/types.ts';
import type { RagtuiError } from '../src/platform/errors.ts';
import type { DeployedAdapter } from '../src/serving/adapters/types.ts';
import type { Holding } from '../src/serving/hand-over.ts';
import type { LoadTest, LoadTestResult } from '../src/serving/load-test/types.ts';
import type { ServerSample, TelemetrySample } from '../src/serving/metrics-types.ts';
import type { StartPlan, StartRequest } from '../src/serving/start-plan.ts';
import type { TuneAsked } from '../src/serving/tune-asked.ts';
import type { ServeEngine, ServeWork, VllmOptions } from '../src/serving/types.ts';
import type { History } from './history.ts';
import type { RequestTally } from './request-tally.ts';

/** A server of ours: it starts, runs, stops, or ended lately. */
export interface OwnServer {
  readonly job: JobView;
  /** With the adapters it has now. */
  readonly work: ServeWork;
  /** With their versions and what was checked of them. */
  readonly adapters: readonly DeployedAdapter[];
  /** It gave a GPU's memory back and answers nothing until it is woken. */
  readonly asleep?: boolean;
}

/** Who is asked: a name on a server of ours, or an endpoint of the user's. */
export type ChatTarget =
  | { readonly kind: 'own'; readonly job: JobId; readonly model: string }
  | { readonly kind: 'foreign'; readonly endpoint: Endpoint };

export interface DeployPort {
  /** Those among all jobs, newest first; reads small files of theirs alone: it is called each second. */
  servers(jobs: readonly JobView[]): readonly OwnServer[];
  adapters(): readonly Adapter[];
  hasVllm(): boolean;
  /** Other hosts, with the engines that each had when it was looked at last. */
  hosts(): readonly Host[];
  plan(request: StartRequest, signal: AbortSignal): Promise<StartPlan>;
  start(request: StartRequest): Promise<JobId>;
  /** `NAME=PATH`, or `NAME` of the list of models, as its next version; gives the version its name means then. */
  load(server: JobId, adapter: string): Promise<number | null>;
  unload(server: JobId, name: string): Promise<number | null>;
  /** To the version before or after. */
  roll(server: JobId, name: string, to: 'back' | 'forward'): Promise<number | null>;
  /** What a server holds, and what taking it costs. */
  holding(server: JobId): Promise<Holding>;
  /** It sleeps, or is stopped. */
  takeMemory(server: JobId): Promise<void>;
  wake(server: JobId): Promise<void>;
  /** How a tune and its base are asked so that the model is all that differs; undefined for what is no tune. Quick. */
  asked(name: string): TuneAsked | undefined;
  /** Serves a tune beside its base on one engine; resolves when both answer. */
  beside(name: string): Promise<{ readonly base: string; readonly engine: ServeEngine }>;
  /** Load tests with what they measured so far, newest first; reads small files. */
  loadTests(jobs: readonly JobView[]): readonly LoadTestResult[];
  /** One prompt, streamed. Errors: those of `streamChat`. */
  chat(
    target: ChatTarget,
    prompt: string,
    options: {
      readonly signal: AbortSignal;
      readonly onStatus: (text: string) => void;
      readonly onText: (text: string) => void;
    },
  ): Promise<ChatResult>;
  /** A line for a shell that asks it, without its key. Errors: `unavailable` while it does not run. */
  curl(target: ChatTarget): string;
}

/** What is filled in for a new server. */
export interface DeployForm {
  readonly model: string | null;
  readonly adapters: readonly string[];
  /** Null = vLLM where it is installed for a GPU, else the embedded server. */
  readonly engine: ServeEngine | null;
  readonly contextTokens: number | null;
  readonly kvCacheGiB: number | null;
  /** What only vLLM is told. */
  readonly vllm: VllmOptions;
  /** `ssh:HOST`; null = this machine. */
  readonly launcher: string | null;
  /** A server that is stopped first. */
  readonly swap: JobId | null;
}

/** One prompt to a served model. `text` grows outside React: `chatVersion` says when to look again. */
export interface SmokeChat {
  readonly target: ChatTarget;
  readonly name: string;
  readonly prompt: string;
  text: string;
  readonly status: string;
  readonly result: ChatResult | null;
  readonly error: RagtuiError | null;
}

export const HISTORY_FIELDS = [
  'running',
  'waiting',
  'promptRate',
  'generationRate',
  'firstTokenMs',
  'gapMs',
  'kvCache',
  'prefixHits',
] as const;
export type HistoryField = (typeof HISTORY_FIELDS)[number];
export type MachineField = 'cpu' | 'memory' | `gpu ${number}` | `gpu memory ${number}`;

/** Fifteen minutes. */
export const SLOT_MS = 5000;
export const SLOTS = 180;
export interface DeployState {
  readonly servers: readonly OwnServer[] | null;
  readonly view: 'look' | 'form';
  readonly form: DeployForm;
  readonly plan: StartPlan | null;
  readonly planning: boolean;
  /** Why there is no plan. */
  readonly problem: RagtuiError | null;
  readonly chat: SmokeChat | null;
  readonly chatVersion: number;
  /** What is being done to a server: `load sft-1`, `unload sft-1`. */
  readonly busy: string | null;
  readonly sample: TelemetrySample | null;
  /** Why nothing is looked at any more. */
  readonly blind: string | null;
  /** By job id or address; outside React, `sample` says when to look again. */
  readonly history: ReadonlyMap<string, History<HistoryField>>;
  readonly machine: History<MachineField>;
  /** Our own requests, by server and the name that was asked. */
  readonly tally: RequestTally;
  /** Newest first. */
  readonly tests: readonly LoadTestResult[];
  /** As they were when the form was opened. */
  readonly hosts: readonly Host[];
  adapters(): readonly Adapter[];
  hasVllm(): boolean;
  /** Reads again what is served. */
  refresh(): void;
  /** The screen is open: servers are looked at each second. */
  open(): void;
  /** The screen is left: the history goes on, more slowly, while something is served. */
  leave(): void;
  setView(view: DeployState['view']): void;
  configure(change: Partial<DeployForm>): void;
  /** Starts what the form says. */
  start(): Promise<JobId>;
  load(server: JobId, adapter: string): Promise<number | null>;
  unload(server: JobId, name: string): Promise<number | null>;
  roll(server: JobId, name: string, to: 'back' | 'forward'): Promise<number | null>;
  ask(target: ChatTarget, prompt: string): Promise<void>;
  cancelChat(): void;
  holding(server: JobId): Promise<Holding>;
  takeMemory(server: JobId): Promise<void>;
  wake(server: JobId): Promise<void>;
  asked(name: string): TuneAsked | undefined;
  beside(name: string): Promise<{ readonly base: string; readonly engine: ServeEngine }>;
  /** Asks a server with more and more requests at a time, in a process of its own. */
  loadTest(test: LoadTest): Promise<JobId>;
  curl(target: ChatTarget): string;
  close(): void;
}
export type DeployStore = StoreApi<DeployState>;

export const NEW_SERVER: DeployForm = {
  model: null,
  adapters: [],
  engine: null,
  contextTokens: null,
  kvCacheGiB: null,
  vllm: {},
  launcher: null,
  swap: null,
};

/** What a server is known by: its job, or its address. */
export const targetKey = (target: ChatTarget): string =>
  target.kind === 'own' ? target.job : addressOf(target.endpoint.url);
export const sampleKey = ({ job, url }: Pick<ServerSample, 'job' | 'url'>): string => job ?? url;

/** An endpoint's URL as samples have it: no user, password, query or slash at its end. */
export function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/$/, '')}`;
}

/** The form as a request; undefined while no model is chosen. */
export function requestOf(form: DeployForm): StartRequest | undefined {
  const { model, adapters, engine, contextTokens, kvCacheGiB, vllm, launcher, swap } = form;
  if (model === null) return undefined;
  return {
    model,
    adapters: [...adapters],
    ...(engine === null ? {} : { engine }),
    ...(contextTokens === null ? {} : { contextTokens }),
    ...(kvCacheGiB === null ? {} : { kvCacheGiB }),
    ...(Object.keys(vllm).length === 0 ? {} : { vllm }),
    ...(launcher === null ? {} : { launcher }),
    ...(swap === null ? {} : { swap }),
  };
}
