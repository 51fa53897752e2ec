// A hub of Server-Sent Events as a careful developer writes one in Node: the events kept in memory for resuming, one
// write for each subscriber, nothing else. compare.sh measures it. Usage: node nodehub.js [PORT]
'use strict';
const http = require('node:http');

const KEPT_EVENTS = 10000;
const subscribers = new Set();
const kept = [];
let lastId = 0;

function publish(body) {
  const event = { id: ++lastId, frame: `id: ${lastId}\ndata: ${body}\n\n` };
  kept.push(event);
  if (kept.length > KEPT_EVENTS) kept.shift();
  for (const response of subscribers) response.write(event.frame);
}

function subscribe(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(':\n\n');
  const last = Number(request.headers['last-event-id']);
  if (last) for (const event of kept) if (event.id > last) response.write(event.frame);
  subscribers.add(response);
  response.on('close', () => subscribers.delete(response));
}

const server = http.createServer((request, response) => {
  if (request.method === 'GET') return subscribe(request, response);
  if (request.method !== 'POST') return response.writeHead(405, { Allow: 'GET, POST' }).end();
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    publish(Buffer.concat(chunks).toString().replaceAll('\n', ''));
    response.end();
  });
});
server.listen({ port: Number(process.argv[2] || 9104), host: '127.0.0.1', backlog: 4096 });
