import { MemoryServer } from '../../support/memory-backend.ts';
import { vectorBackendContract } from '../../support/vector-backend-contract.ts';

const server = new MemoryServer();
vectorBackendContract('the embedded exact index', { connect: () => server.connect() });
