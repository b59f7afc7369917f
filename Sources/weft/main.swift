import Commands

runWeft()
