/** Why an instance cannot be made into a machine as it is; `reason` goes into its Synchronized condition. */
export interface Problem {
  reason: 'FailedPvcNotFound' | 'ErrImagePull' | 'NotSupported' | 'FailedSecretNotFound' | 'InvalidSpec'
  /** A sentence for people. */
  message: string
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message)
    this.name = 'ProblemError'
  }
}

export function notSupported(message: string): ProblemError {
  return new ProblemError({ reason: 'NotSupported', message })
}
