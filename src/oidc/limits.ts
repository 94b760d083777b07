/** Lifetimes, in seconds (security.md B3, D1, G3; oidc-provider decisions 21). */
export const LIFETIME = {
  accessToken: 600,
  authorizationCode: 60,
  idToken: 600,
  interaction: 1800,
  /** Absolute, also through rotation. */
  refreshToken: 30 * 86400,
  /** Idle. */
  session: 1800,
  /** Absolute, from the sign-in. */
  sessionAbsolute: 12 * 3600,
  clockTolerance: 5,
} as const

/** How long a session identifier replaced in another tab still answers. */
export const ROTATION_GRACE_SECONDS = 15
