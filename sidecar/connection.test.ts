import { describe, expect, test } from "bun:test";
import { Connection, type Socket } from "./connection.ts";

/** A connection over a socket that takes everything, with one answer sent to a scraper. */
async function answered() {
  const told: boolean[] = [];
  const wire: string[] = [];
  const did: string[] = [];
  const socket: Socket = {
    remoteAddress: "::ffff:10.0.0.1",
    write(data) {
      wire.push(new TextDecoder().decode(data));
      return data.length;
    },
    shutdown: () => void did.push("shutdown"),
    end: () => void did.push("end"),
    terminate: () => void did.push("terminate"),
  };
  const connection = new Connection(1, socket, {
    onGone: () => {},
    handler: ({ address }) => ({
      status: 200,
      statusText: "",
      headers: "",
      body: Buffer.from(`for ${address}\n`),
      onReceived: (received) => told.push(received),
    }),
  });
  connection.data(Buffer.from("GET /metrics HTTP/1.1\r\nHost: pod\r\n\r\n"));
  while (connection.busy) await Promise.resolve();
  return { connection, told, wire, did };
}

describe("an answer that was handed to the kernel", () => {
  test("is not known to be received by that alone, nor by the end of our side", async () => {
    const { connection, told, wire } = await answered();
    expect(wire).toEqual(["HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nfor 10.0.0.1\n"]);
    connection.end();
    expect(told).toEqual([]);
  });

  test("is received when the client asks again", async () => {
    const { connection, told } = await answered();
    connection.data(Buffer.from("GET /"));
    expect(told).toEqual([true]);
  });

  test("is received when the connection ends without a reset", async () => {
    const { connection, told } = await answered();
    connection.closed(false);
    expect(told).toEqual([true]);
  });

  test.each([
    ["the client resets the connection", (connection: Connection) => connection.closed(true)],
    [
      "a reset follows the client's FIN at once",
      (connection: Connection) => {
        connection.ended();
        connection.closed(true);
      },
    ],
    [
      "we cut the connection ourselves, because it stood still or to make room",
      (connection: Connection) => {
        connection.destroy();
        connection.closed(false);
      },
    ],
  ])("is lost when %s", async (_name, happens) => {
    const { connection, told } = await answered();
    happens(connection);
    expect(told).toEqual([false]);
  });
});
