import { listAdapters } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findPrompt, type PromptTemplate, type TemplateText } from './prompts.ts';

/**
 * A prompt as one LLM is asked with it: an adapter of ours gets, in the prompt it was tuned for, the system text of its
 * training rows. Errors: those of `findPrompt`.
 */
export function promptFor(
  paths: WorkspacePaths,
  name: string,
  llm: string,
  own?: Readonly<Record<string, TemplateText>>,
): PromptTemplate {
  const template = findPrompt(paths, name, own);
  // `NAME`, or `NAME@ENGINE`.
  const adapter = listAdapters(paths).find((one) => llm === one.name || llm.startsWith(`${one.name}@`));
  const trainedSystem = adapter?.templateSystem;
  // Of an adapter that was brought in it may not be known.
  if (!trainedSystem) return template;
  return { name: template.name, build: (input) => template.build({ trainedSystem, ...input }) };
}
