import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'
import type { HashingJob } from './hashing.ts'

// Linux schedules threads: the call moves this one alone. Elsewhere it would move the whole process.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

parentPort?.on('message', (job: HashingJob) => parentPort?.postMessage(resultOf(job)))

const resultOf = ({ passwordHash, password, parameters }: HashingJob): string | boolean =>
  passwordHash === undefined ? hashSync(password, parameters) : verifySync(passwordHash, password)
