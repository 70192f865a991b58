// Follows one market with ccxws' CoinEx client, which is used as it comes, and keeps what it is told.
// node follow.js CCXWS CONFIG: the folder of ccxws and a JSON file {url, market, base, quote, limit}. Says "following" once the first book is
// there. Each line on standard input is what the server has, {asks, bids, trades}; when the client has the same it says "same".

const fs = require("fs");
const readline = require("readline");

const [folder, configFile] = process.argv.slice(2);
const ccxws = require(folder);
const config = JSON.parse(fs.readFileSync(configFile, "utf8"));

const market = { id: config.market, base: config.base, quote: config.quote, type: "spot" };
const client = new ccxws.CoinexClient({ wssPath: config.url });
const book = { asks: new Map(), bids: new Map() };
const trades = [];
const counts = { snapshots: 0, updates: 0 };
let wanted = null;

function take(side, points) {
  for (const point of points) {
    if (point.size === "0") book[side].delete(point.price);
    else book[side].set(point.price, point.size);
  }
  // What was pushed out of a full side is not told: the reader cuts it off.
  const upwards = side === "asks" ? 1 : -1;
  const best = [...book[side]].sort((a, b) => upwards * (Number(a[0]) - Number(b[0]))).slice(0, config.limit);
  book[side] = new Map(best);
}

function look() {
  if (wanted === null) return;
  const mine = JSON.stringify({ asks: [...book.asks], bids: [...book.bids], trades });
  if (mine !== wanted) return;
  wanted = null;
  console.log(JSON.stringify({ said: "same", trades: trades.length, ...counts }));
}

client.on("error", error => {
  console.error("error", error);
  process.exit(1);
});
client.on("l2snapshot", snapshot => {
  book.asks.clear();
  book.bids.clear();
  take("asks", snapshot.asks);
  take("bids", snapshot.bids);
  counts.snapshots += 1;
  if (counts.snapshots === 1) console.log(JSON.stringify({ said: "following" }));
  look();
});
client.on("l2update", update => {
  take("asks", update.asks);
  take("bids", update.bids);
  counts.updates += 1;
  look();
});
client.on("trade", trade => {
  trades.push([trade.tradeId, trade.side, trade.price, trade.amount, trade.unix]);
  look();
});

readline.createInterface({ input: process.stdin }).on("line", line => {
  wanted = JSON.stringify(JSON.parse(line));
  look();
});
process.stdin.on("end", () => process.exit(wanted === null ? 0 : 1));

client.subscribeTrades(market);
client.subscribeLevel2Updates(market);
