import type { Answer } from '../src/rag/types.ts';
import { parseLlm } from '../src/serving/servers.ts';
import type { AskStore } from './ask.ts';
import type { CompareStore } from './compare.ts';
import { addressOf, type DeployStore, type OwnServer } from './deploy-types.ts';
import type { ModelsStore } from './models.ts';

export interface CountedStores {
  readonly ask: AskStore;
  readonly compare: CompareStore;
  readonly deploy: DeployStore;
  readonly models: ModelsStore;
}

/** Answers of Ask and Compare are requests of ours too: they count for the name and the server that gave them. */
export function countRequests({ ask, compare, deploy, models }: CountedStores): void {
  const counted = new WeakSet<Answer>();
  const count = (answer: Answer | null | undefined): void => {
    if (!answer || counted.has(answer) || answer.pipeline.llm === 'none') return;
    counted.add(answer);
    if (answer.finish !== 'stop' && answer.finish !== 'length') return;
    const { servers, tally, refresh } = deploy.getState();
    // Nobody has looked at the servers yet: the answer's may have been started for it.
    if (servers === null) refresh();
    const found = serverOf(answer.pipeline.llm, deploy.getState().servers ?? [], models);
    if (found) tally.add(found.server, found.name, { ...answer.timing, usage: answer.usage });
  };
  ask.subscribe((state, before) => {
    // One that was opened from the history ends nothing.
    if (before.running && !state.running && state.answer !== before.answer) count(state.answer);
  });
  compare.subscribe(({ run }, before) => {
    if (!run || run === before.run || run.reopened !== null) return;
    for (const { result } of run.columns.values()) count(result?.answer);
  });
}

/** Where a column's LLM was answered; undefined for one that is served no more. */
function serverOf(
  llm: string,
  servers: readonly OwnServer[],
  models: ModelsStore,
): { readonly server: string; readonly name: string } | undefined {
  const endpoint = models.getState().endpoints.find(({ name }) => name === llm);
  if (endpoint) return { server: addressOf(endpoint.url), name: llm };
  const { name, engine } = parseLlm(llm);
  const own = servers.find(
    ({ job, work, adapters }) =>
      job.state === 'running' &&
      (engine === undefined || work.engine === engine) &&
      (work.model === name || adapters.some((one) => one.name === name)),
  );
  return own && { server: own.job.spec.id, name };
}
