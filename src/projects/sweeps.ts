/** Kinds of sweeps that a project begins; its tasks say what they do. */
export const projectChanged = 'project_changed'
export const projectPurged = 'project_purged'
