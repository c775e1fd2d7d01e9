// The processes of a scripted training on several nodes: each has a number, they meet at an address, do every step together,
// stop together, and fail together. Where they are they read where torchrun would.
import net from 'node:net';

const { PET_NODE_RANK, PET_MASTER_ADDR, PET_MASTER_PORT } = process.env;

/** @param {number} world how many there are @param {(message: string) => void} fail */
export async function meet(world, fail) {
  const rank = world > 1 ? Number(PET_NODE_RANK) : 0;
  let over = false;
  const lines = (socket, onLine) => {
    let rest = '';
    socket.on('data', (data) => {
      const all = (rest + data).split('\n');
      rest = all.pop() ?? '';
      for (const line of all) onLine(line);
    });
    const gone = () => over || fail(`RuntimeError: [gloo] Connection closed by peer [${PET_MASTER_ADDR}]`);
    socket.on('close', gone).on('error', gone);
  };
  const ranks = { rank, world, first: rank === 0, agree: async (asked) => asked, leave: () => {} };
  if (world < 2) return ranks;
  if (rank === 0) {
    const told = [];
    let hear = () => {};
    const sockets = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      lines(socket, (line) => {
        told.push(line);
        hear();
      });
    });
    server.on('error', (error) => fail(`RuntimeError: the server socket has failed to listen: ${error.message}`));
    await new Promise((resolve) => server.listen(Number(PET_MASTER_PORT), PET_MASTER_ADDR, () => resolve()));
    const all = async (count) => {
      while (told.length < count) await new Promise((resolve) => (hear = resolve));
      return told.splice(0, count);
    };
    await all(world - 1);
    ranks.agree = async (asked) => {
      const others = await all(world - 1);
      const stop = asked || others.includes('true');
      for (const socket of sockets) socket.write(`${stop}\n`);
      return stop;
    };
    ranks.leave = () => {
      over = true;
      server.close();
      for (const socket of sockets) socket.end();
    };
    return ranks;
  }
  const socket = await connect();
  let answer = () => {};
  lines(socket, (line) => answer(line === 'true'));
  socket.write('here\n');
  ranks.agree = (asked) =>
    new Promise((resolve) => {
      answer = resolve;
      socket.write(`${asked}\n`);
    });
  ranks.leave = () => {
    over = true;
    socket.end();
  };
  return ranks;
}

/** The first one may come later. */
async function connect() {
  for (;;) {
    const socket = net.connect(Number(PET_MASTER_PORT), PET_MASTER_ADDR);
    const there = await new Promise((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    if (there) return socket;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
