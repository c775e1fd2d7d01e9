import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A TCP connection to a port on loopback that can be made slow, or stand still without an end. */
export interface SlowProxy {
  /** Bytes a second in each direction; null: as fast as it goes. */
  rate: number | null;
  /** True: nothing passes, and no connection ends: a cable that was pulled. */
  frozen: boolean;
  close(): Promise<void>;
}

export async function startSlowProxy(port: number, to: number): Promise<SlowProxy> {
  const sockets = new Set<net.Socket>();
  const proxy: SlowProxy = {
    rate: null,
    frozen: false,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const pass = async (from: net.Socket, target: net.Socket) => {
    try {
      for await (const chunk of from) {
        while (proxy.frozen && !target.destroyed) await delay(50);
        if (proxy.rate !== null) await delay((1000 * chunk.length) / proxy.rate);
        if (!target.write(chunk)) await new Promise((resolve) => target.once('drain', resolve).once('close', resolve));
      }
      target.end();
    } catch {
      target.destroy();
    }
  };
  const server = net.createServer((client) => {
    const there = net.connect(to, '127.0.0.1');
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    void pass(client, there);
    void pass(there, client);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return proxy;
}
