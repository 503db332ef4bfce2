export const tasksTag = { name: 'tasks', description: 'Create, read, change and delete your tasks.' }
