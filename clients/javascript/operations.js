// Written by scripts/control_api.py from the sandbox's operations.

export const OPERATIONS = Object.freeze([
  { name: 'clock', method: 'GET', path: '/sandbox/clock', media: 'application/json' },
  { name: 'move-clock', method: 'POST', path: '/sandbox/clock', media: 'application/json' },
  { name: 'faults', method: 'GET', path: '/sandbox/faults', media: 'application/json' },
  { name: 'arm-fault', method: 'POST', path: '/sandbox/faults', media: 'application/json' },
  { name: 'disarm-fault', method: 'DELETE', path: '/sandbox/faults/{fault}', media: 'application/json' },
  { name: 'disarm-faults', method: 'DELETE', path: '/sandbox/faults', media: 'application/json' },
  { name: 'funds', method: 'GET', path: '/sandbox/funds/{account}', media: 'application/json' },
  { name: 'fund', method: 'POST', path: '/sandbox/funds', media: 'application/json' },
  { name: 'deposit', method: 'POST', path: '/sandbox/deposits', media: 'application/json' },
  { name: 'mine', method: 'POST', path: '/sandbox/blocks', media: 'application/json' },
  { name: 'keys', method: 'GET', path: '/sandbox/keys', media: 'application/json' },
  { name: 'create-key', method: 'POST', path: '/sandbox/keys', media: 'application/json' },
  { name: 'renew-key', method: 'POST', path: '/sandbox/keys/{key}/renew', media: 'application/json' },
  { name: 'revoke-key', method: 'DELETE', path: '/sandbox/keys/{key}', media: 'application/json' },
  { name: 'openapi', method: 'GET', path: '/sandbox/openapi.json', media: 'application/json' },
  { name: 'report', method: 'GET', path: '/sandbox/report', media: 'application/json' },
  { name: 'report-markdown', method: 'GET', path: '/sandbox/report.md', media: 'text/markdown; charset=utf-8' },
  { name: 'report-junit', method: 'GET', path: '/sandbox/report.xml', media: 'application/xml' },
  { name: 'report-picture', method: 'GET', path: '/sandbox/report.svg', media: 'image/svg+xml' },
]);
