import { installCommand } from '../install.ts';
import type { Check, Finding } from '../types.ts';

const TOOLS = [
  {
    programs: ['pip3', 'pip'],
    name: 'pip',
    use: 'the default LLM comes by it where the Hugging Face hub cannot be reached',
    packages: { apt: 'python3-pip', dnf: 'python3-pip', apk: 'py3-pip', pacman: 'python-pip' },
  },
  {
    programs: ['mvn'],
    name: 'mvn',
    use: 'the default embedders come by it where the Hugging Face hub cannot be reached',
    packages: { apt: 'maven', dnf: 'maven', apk: 'maven', pacman: 'maven' },
  },
] as const;

/** Needed only to fetch the default models from package registries. */
export const tools: Check = {
  id: 'tools',
  name: 'download tools',
  run: (probe) =>
    TOOLS.map(({ programs, name, use, packages }): Finding => {
      const found = programs.map((program) => probe.find(program)).find(Boolean);
      if (found) return { state: 'ok', detail: found };
      return { state: 'warn', detail: `${name} not found; ${use}`, get: installCommand(probe, packages) };
    }),
};
